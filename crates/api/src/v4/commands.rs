//! Slash commands: giving them, listing them, completing them. Source: client-api 5.6 and 7.3, behaviour 2, ruling 67.

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Extension, Router};
use rialto_app::access;
use rialto_app::slash_commands as programs;
use rialto_app::slash_commands::run as custom;
use rialto_app::{Denied, SessionUser, Volatile};
use rialto_model::{Channel, ChannelId, Permission, PermissionSet, PostId, SlashCommand, TeamId};
use rialto_wire::v4::commands as wire;
use serde_json::json;

use super::slash_commands;
use crate::commands::autocomplete::{Argument, ArgumentKind, CommandSpec, Situation, SubCommand};
use crate::commands::place::{self, Named, Place};
use crate::commands::{Answer, CommandError, execute, known, registry};
use crate::extract::{ApiJson, Params, QueryMap, Session};
use crate::middleware::CurrentRequest;
use crate::{Api, ApiError, ApiResult};

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/commands", get(list).post(slash_commands::create))
        .route("/commands/execute", post(run))
        .route("/teams/{team_id}/commands/autocomplete", get(autocomplete))
        .route("/teams/{team_id}/commands/autocomplete_suggestions", get(suggestions))
}

async fn run(
    State(api): State<Api>,
    Session(actor): Session,
    Extension(CurrentRequest(request)): Extension<CurrentRequest>,
    ApiJson(args): ApiJson<wire::CommandArgs>,
) -> ApiResult<wire::CommandResponse> {
    let named = named(&args)?;
    let found = Place::find(&api.app, &actor, named, request).await;
    let place = found.map_err(|denied| match denied {
        Denied::Store(error) => ApiError::from(error),
        // That a channel exists is nobody's business who cannot write there.
        Denied::Absent(_) | Denied::Forbidden(_) | Denied::ReadOnlyShare | Denied::Closed(_) | Denied::Paused => {
            ApiError::permissions()
        }
    })?;
    let answer = match execute(&api.federation, &actor, &place, &args.command).await {
        Ok(answer) => answer,
        Err(CommandError::NotACommand) => return Err(no_command()),
        Err(CommandError::UnknownTrigger { trigger }) => {
            return of_program(&api, &actor, &place, &trigger, &args.command).await;
        }
    };
    if !answer.text.is_empty() {
        api.app.bus.tell(Volatile::Ephemeral {
            user: actor.user_id,
            channel: named.channel,
            root: named.root,
            message: answer.text.clone(),
        });
    }
    Ok(ApiJson(response(answer)))
}

/// A command that is none of the server's own is a program's, or nobody's.
async fn of_program(
    api: &Api,
    actor: &SessionUser,
    place: &Place,
    trigger: &str,
    line: &str,
) -> ApiResult<wire::CommandResponse> {
    let found = match &place.team {
        Some(team) => custom::find(&api.app, team, trigger).await?,
        None => None,
    };
    let Some(command) = found else {
        return Err(ApiError::not_found(
            "api.command.execute_command.not_found.app_error",
            format!("There is no command /{trigger}. To send it as a message, put a space in front."),
        ));
    };
    let text = line.split_once(char::is_whitespace).map_or("", |(_, text)| text.trim());
    let outcome = custom::run(&api.app, actor, &command, place.access(), place.root, text).await?;
    let mut response = wire::CommandResponse::ephemeral("");
    if outcome.in_channel {
        response.response_type = "in_channel".to_owned();
    }
    response.goto_location = outcome.goto;
    response.trigger_id = outcome.trigger_id;
    Ok(ApiJson(response))
}

fn no_command() -> ApiError {
    ApiError::bad_request("api.command.execute_command.start.app_error", "A command begins with a slash.")
}

fn named(args: &wire::CommandArgs) -> Result<Named, ApiError> {
    if args.command.len() <= 1 || !args.command.starts_with('/') {
        return Err(no_command());
    }
    let optional = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Ok(Named {
        channel: ChannelId::parse(&args.channel_id).map_err(|_| ApiError::body_param("channel_id"))?,
        // Not every client has a team in view.
        team: optional(&args.team_id).and_then(|team| TeamId::parse(&team).ok()),
        root: match optional(&args.root_id) {
            Some(root) => Some(PostId::parse(&root).map_err(|_| ApiError::body_param("root_id"))?),
            None => None,
        },
    })
}

fn response(answer: Answer) -> wire::CommandResponse {
    let mut response = wire::CommandResponse::ephemeral(answer.text);
    if answer.in_channel {
        response.response_type = "in_channel".to_owned();
    }
    response.goto_location = answer.goto.unwrap_or_default();
    response
}

/// Demands that `actor` belongs to the team.
async fn view_team(api: &Api, actor: &SessionUser, team: &TeamId) -> Result<(), ApiError> {
    let mut view = api.app.db.read(api.app.clock.now()).await?;
    match access::team(&mut view, actor, team, Permission::ViewTeam).await {
        Ok(_) => Ok(()),
        Err(Denied::Absent(_)) => Err(ApiError::permissions()),
        Err(denied) => Err(denied.into()),
    }
}

/// The channel `id` and what `actor` may do there; without a channel, what they may do everywhere. A channel they
/// cannot read is none.
async fn situation(
    api: &Api,
    actor: &SessionUser,
    id: Option<ChannelId>,
) -> Result<(Option<Channel>, PermissionSet), ApiError> {
    let Some(id) = id else { return Ok((None, place::permissions(actor, None))) };
    let mut view = api.app.db.read(api.app.clock.now()).await?;
    match access::readable_channel(&mut view, actor, &id).await {
        Ok(access) => Ok((Some(access.channel().clone()), place::permissions(actor, Some(&access)))),
        Err(Denied::Store(error)) => Err(error.into()),
        Err(_) => Ok((None, place::permissions(actor, None))),
    }
}

async fn list(State(api): State<Api>, Session(actor): Session, query: QueryMap) -> ApiResult<Vec<wire::Command>> {
    let team = query.id::<TeamId>("team_id")?.ok_or_else(|| ApiError::url_param("team_id"))?;
    view_team(&api, &actor, &team).await?;
    let mut found: Vec<wire::Command> = Vec::new();
    if !query.flag("custom_only") {
        found.extend(registry().allowed(place::permissions(&actor, None)).map(shown));
    }
    found.extend(programs::list(&api.app, &actor, &team).await?.iter().map(wire::Command::from));
    Ok(ApiJson(found))
}

async fn autocomplete(
    State(api): State<Api>,
    Session(actor): Session,
    Params(team): Params<TeamId>,
) -> ApiResult<Vec<wire::Command>> {
    view_team(&api, &actor, &team).await?;
    let registry = registry();
    let allowed = registry.allowed(place::permissions(&actor, None));
    let own = allowed.map(|spec| wire::Command { autocomplete_data: Some(data(spec)), ..shown(spec) });
    let found = programs::list(&api.app, &actor, &team).await?;
    let offered = found.iter().filter(|command| command.auto_complete).map(|command| wire::Command {
        token: String::new(),
        url: String::new(),
        autocomplete_data: Some(wire::AutocompleteData {
            trigger: command.trigger.clone(),
            hint: command.auto_complete_hint.clone(),
            help_text: command.auto_complete_desc.clone(),
            role_id: EVERYBODY.to_owned(),
            ..wire::AutocompleteData::default()
        }),
        ..wire::Command::from(command)
    });
    Ok(ApiJson(own.chain(offered).collect()))
}

async fn suggestions(
    State(api): State<Api>,
    Session(actor): Session,
    Params(team): Params<TeamId>,
    query: QueryMap,
) -> ApiResult<Vec<wire::AutocompleteSuggestion>> {
    view_team(&api, &actor, &team).await?;
    let (channel, permissions) = situation(&api, &actor, query.id("channel_id")?).await?;
    let connections = known::offered(&api.federation, &actor, channel.as_ref().map(|channel| &channel.id)).await?;
    let situation = Situation {
        permissions,
        connections: &connections,
        channel: channel.as_ref().map(|channel| (channel.name.as_str(), channel.display_name.as_str())),
    };
    let found = registry().suggest(query.text("user_input"), &situation);
    let shown = found.into_iter().map(|one| wire::AutocompleteSuggestion {
        complete: one.complete,
        suggestion: one.suggestion,
        hint: one.hint,
        description: one.description,
        icon_data: String::new(),
    });
    let mut shown: Vec<wire::AutocompleteSuggestion> = shown.collect();
    shown.extend(of_programs(&api, &actor, &team, query.text("user_input")).await?);
    Ok(ApiJson(shown))
}

/// Commands of programs whose word begins as what is typed, or whose arguments are being typed.
async fn of_programs(
    api: &Api,
    actor: &SessionUser,
    team: &TeamId,
    typed: &str,
) -> Result<Vec<wire::AutocompleteSuggestion>, ApiError> {
    let line = typed.trim_start_matches('/').to_lowercase();
    let (word, more) = line.split_once(' ').map_or((line.as_str(), false), |(word, _)| (word, true));
    let mut found = programs::list(&api.app, actor, team).await?;
    found.retain(|command| {
        command.auto_complete && if more { command.trigger == word } else { command.trigger.starts_with(word) }
    });
    let one = |command: SlashCommand| wire::AutocompleteSuggestion {
        complete: if more { typed.trim_start_matches('/').to_owned() } else { command.trigger.clone() },
        suggestion: if more { String::new() } else { command.trigger },
        hint: command.auto_complete_hint,
        description: command.auto_complete_desc,
        icon_data: String::new(),
    };
    Ok(found.into_iter().map(one).collect())
}

fn shown(spec: &CommandSpec) -> wire::Command {
    wire::Command::built_in(spec.trigger, spec.description, spec.hint)
}

/// The role everybody has: whoever lacks a permission is not shown the command at all.
const EVERYBODY: &str = "system_user";

fn data(spec: &CommandSpec) -> wire::AutocompleteData {
    wire::AutocompleteData {
        trigger: spec.trigger.to_owned(),
        hint: spec.hint.to_owned(),
        help_text: spec.description.to_owned(),
        role_id: EVERYBODY.to_owned(),
        arguments: spec.arguments.iter().map(|one| argument(spec.trigger, one)).collect(),
        sub_commands: spec.sub_commands.iter().filter(|sub| !sub.hidden).map(|sub| sub_data(spec, sub)).collect(),
    }
}

fn sub_data(spec: &CommandSpec, sub: &SubCommand) -> wire::AutocompleteData {
    wire::AutocompleteData {
        trigger: sub.word.to_owned(),
        help_text: sub.help.to_owned(),
        role_id: EVERYBODY.to_owned(),
        arguments: sub.arguments.iter().map(|one| argument(spec.trigger, one)).collect(),
        ..wire::AutocompleteData::default()
    }
}

fn argument(trigger: &str, argument: &Argument) -> wire::AutocompleteArgument {
    let text = |hint: &str| ("TextInput", json!({ "Hint": hint, "Pattern": "" }));
    let (kind, data) = match argument.kind {
        ArgumentKind::Text { hint } => text(hint),
        ArgumentKind::ChannelName | ArgumentKind::ChannelDisplayName => text(argument.help),
        ArgumentKind::Choice(words) | ArgumentKind::Switch(words) => {
            let item = |(word, help): &(&str, &str)| json!({ "Item": word, "Hint": "", "HelpText": help });
            ("StaticList", json!({ "PossibleArguments": words.iter().map(item).collect::<Vec<_>>() }))
        }
        // Where the reference fetches such a list; clients that complete by themselves leave it to the server.
        ArgumentKind::Connection(_) => ("DynamicList", json!({ "FetchURL": format!("builtin:{trigger}") })),
    };
    wire::AutocompleteArgument {
        name: argument.flag.unwrap_or_default().to_owned(),
        help_text: argument.help.to_owned(),
        kind: kind.to_owned(),
        required: argument.required,
        data,
    }
}
