"""A bot as people write them with mattermostautodriver: it signs in with a token, listens on the websocket, answers in a thread,
reacts, uploads and searches. `python python.py URL`; the server is fresh, its first account the administrator."""

import asyncio
import json
import sys
import threading
import time
from urllib.parse import urlparse

from mattermostautodriver import TypedDriver, Websocket
from mattermostautodriver.exceptions import InvalidOrMissingParameters, NotEnoughPermissions, ResourceNotFound

PASSWORD = "Clients-Passw0rd"
SITE = urlparse(sys.argv[1])


def driver(**how):
    """A client of somebody, signed in."""
    options = {"scheme": SITE.scheme, "url": SITE.hostname, "port": SITE.port, "max_retries": 0, **how}
    one = TypedDriver(options)
    one.login()
    return one


class Ears:
    """The websocket of a client, on a thread of its own."""

    def __init__(self, of):
        self.heard = []
        self.socket = Websocket(of.options, of.client.token)
        self.thread = threading.Thread(target=lambda: asyncio.run(self.socket.connect(self.hear)), daemon=True)
        self.thread.start()
        self.event("hello")

    async def hear(self, message):
        self.heard.append(json.loads(message))

    def event(self, name, fits=lambda event: True):
        """The first event of a name that fits, once it is heard."""
        for _ in range(400):
            for event in list(self.heard):
                if event.get("event") == name and fits(event):
                    return event
            time.sleep(0.025)
        raise AssertionError(f"no {name}, but {[event.get('event') for event in self.heard]}")


def posted(message):
    """Whether an event is the news of a message with this text."""
    return lambda event: json.loads(event["data"]["post"])["message"] == message


def refused(kind, call):
    """The call must fail in this way."""
    try:
        call()
    except kind:
        return
    raise AssertionError(f"no {kind.__name__}")


first = TypedDriver({"scheme": SITE.scheme, "url": SITE.hostname, "port": SITE.port, "max_retries": 0})
first.users.create_user(email="admin@clients.example", username="admin", password=PASSWORD)
admin = driver(login_id="admin", password=PASSWORD)
assert admin.client.username == "admin"
team = admin.teams.create_team(name="yard", display_name="The Yard", type="O")
channel = admin.channels.create_channel(team["id"], "slipway", "Slipway", "O")

made = admin.bots.create_bot("gull", display_name="The Gull", description="sees sails")
token = admin.users.create_user_access_token(made["user_id"], description="its eyes")["token"]
admin.teams.add_team_member(team["id"], made["user_id"])
admin.channels.add_channel_member(channel["id"], made["user_id"])
bot = driver(token=token)
assert bot.client.userid == made["user_id"]
ears = Ears(bot)

question = admin.posts.create_post(channel["id"], "@gull what is on the horizon?")
heard = ears.event("posted", posted("@gull what is on the horizon?"))
assert json.loads(heard["data"]["mentions"]) == [made["user_id"]], heard
upload = bot.files.upload_file(files=("sail.txt", b"a red sail", "text/plain"), channel_id=channel["id"])
answer = bot.posts.create_post(
    channel["id"], "A sail!", root_id=question["id"], file_ids=[upload["file_infos"][0]["id"]]
)
assert answer["props"]["from_bot"] == "true", answer
assert bot.files.get_file(answer["file_ids"][0]).content == b"a red sail"
thread = admin.posts.get_post_thread(question["id"])
assert set(thread["order"]) == {question["id"], answer["id"]}, thread
bot.reactions.save_reaction({"user_id": made["user_id"], "post_id": question["id"], "emoji_name": "eyes"})
assert [one["emoji_name"] for one in admin.reactions.get_reactions(question["id"])] == ["eyes"]
ears.event("reaction_added")
found = admin.posts.search_posts(team["id"], "sail from:gull", False)
assert found["order"] == [answer["id"]], found
page = bot.posts.get_posts_for_channel(channel["id"], per_page=10)
assert question["id"] in page["posts"]

admin.posts.patch_post(question["id"], message="@gull what do you see?")
ears.event("post_edited", posted("@gull what do you see?"))
refused(ResourceNotFound, lambda: bot.posts.get_post("aaaaaaaaaaaaaaaaaaaaaaaaaa"))
refused(NotEnoughPermissions, lambda: bot.teams.soft_delete_team(team["id"]))
refused(InvalidOrMissingParameters, lambda: bot.posts.create_post(channel["id"], ""))
admin.logout()
print("clients: mattermostautodriver went through its morning")
