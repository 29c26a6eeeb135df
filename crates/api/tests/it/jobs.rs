//! Jobs, import files and exports over API v4 (client-api 7.6, 7.7).

use rialto_app::jobs;
use rialto_model::ChannelKind;
use serde_json::{Value, json};

use crate::world::{Person, World};

/// An import file as bytes of text.
fn lines() -> String {
    let lines = [
        json!({ "type": "version", "version": 1 }),
        json!({ "type": "team", "team": { "name": "crew", "display_name": "Crew", "type": "O" } }),
        json!({ "type": "channel", "channel": { "team": "crew", "name": "deck", "display_name": "Deck", "type": "O" } }),
        json!({ "type": "user", "user": { "username": "zoe", "email": "zoe@ship.example",
            "teams": [{ "name": "crew", "channels": [{ "name": "deck" }] }] } }),
        json!({ "type": "post", "post": { "team": "crew", "channel": "deck", "user": "zoe", "message": "ahoy",
            "create_at": 1_600_000_000_000_i64 } }),
    ];
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// Sends an import file in two parts; returns the name it is known by.
async fn upload(world: &World, admin: &Person) -> String {
    let text = lines();
    let new = json!({ "type": "import", "filename": "crew.jsonl", "file_size": text.len() });
    let session = world.call(admin, "POST", "/uploads", new).await.json(201);
    assert_eq!((&session["type"], &session["file_offset"]), (&json!("import"), &json!(0)));
    let path = format!("/uploads/{}", session["id"].as_str().unwrap());
    let (head, tail) = text.split_at(100);
    assert_eq!(world.send(admin, &path, head).await.status, 204);
    assert_eq!(world.get(admin, &path).await["file_offset"], 100);
    assert_eq!(world.get(admin, "/users/me/uploads").await[0], world.get(admin, &path).await);
    let file = world.send(admin, &path, tail).await.json(200);
    world.call(admin, "GET", &path, Value::Null).await.error(404);
    file["name"].as_str().unwrap().to_owned()
}

/// The way of `mmctl import` and `mmctl export`.
#[tokio::test]
async fn a_file_is_uploaded_imported_exported_and_fetched() {
    let world = World::start().await;
    let admin = world.person("root", "system_admin system_user").await;
    let name = upload(&world, &admin).await;
    assert!(name.ends_with("_crew.jsonl"), "{name}");
    assert_eq!(world.get(&admin, "/imports").await, json!([name]));

    let ask = json!({ "type": "import_process", "data": { "import_file": name } });
    let job = world.call(&admin, "POST", "/jobs", ask).await.json(201);
    assert_eq!((&job["status"], &job["start_at"], &job["priority"]), (&json!("pending"), &json!(0), &json!(0)));
    assert_eq!(jobs::do_next(&world.app, "here").await.unwrap(), Some(true));
    let path = format!("/jobs/{}", job["id"].as_str().unwrap());
    let done = world.get(&admin, &path).await;
    assert_eq!((&done["status"], &done["progress"]), (&json!("success"), &json!(100)), "{done}");
    assert_eq!((&done["data"]["line_number"], &done["type"]), (&json!("5"), &json!("import_process")));
    world.call(&admin, "GET", &format!("{path}/download"), Value::Null).await.error(400);
    world.call(&admin, "POST", &format!("{path}/cancel"), Value::Null).await.error(400);
    assert_eq!(world.get(&admin, "/jobs/type/import_process").await[0]["id"], job["id"]);
    assert_eq!(world.get(&admin, "/jobs/type/export_process").await, json!([]));
    assert_eq!(world.get(&admin, "/jobs/type/ldap_sync").await, json!([]));

    let ask = json!({ "type": "export_process", "data": { "include_attachments": "true" } });
    let job = world.call(&admin, "POST", "/jobs", ask).await.json(201);
    assert_eq!(jobs::do_next(&world.app, "here").await.unwrap(), Some(true));
    let name = format!("{}_export.zip", job["id"].as_str().unwrap());
    assert_eq!(world.get(&admin, "/exports").await, json!([name]));
    let whole = world.bytes(&admin, &format!("/exports/{name}"), "").await;
    assert_eq!((whole.0, &whole.1[..2]), (200, &b"PK"[..]));
    let part = world.bytes(&admin, &format!("/exports/{name}"), "bytes=2-").await;
    assert_eq!((part.0, &part.1[..]), (206, &whole.1[2..]));
    let again = world.bytes(&admin, &format!("/jobs/{}/download", job["id"].as_str().unwrap()), "").await;
    assert_eq!(again, whole);
    let presign = format!("/exports/{name}/presign-url");
    world.call(&admin, "POST", &presign, Value::Null).await.error(501);
    world.call(&admin, "DELETE", &format!("/exports/{name}"), Value::Null).await.json(200);
    world.call(&admin, "GET", &format!("/exports/{name}"), Value::Null).await.error(404);
    assert_eq!(world.get(&admin, "/exports").await, json!([]));
    assert_eq!(world.get(&admin, "/jobs").await.as_array().unwrap().len(), 2);
    assert_eq!(world.get(&admin, "/jobs?status=pending").await, json!([]));
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_refused_by_name() {
    let world = World::start().await;
    let admin = world.person("root", "system_admin system_user").await;
    let ask = async |body: Value| world.call(&admin, "POST", "/jobs", body).await.error(400);
    assert_eq!(ask(json!({ "type": "ldap_sync" })).await, "model.job.is_valid.type.app_error");
    assert_eq!(ask(json!({ "data": {} })).await, "model.job.is_valid.type.app_error");
    for file in ["", "missing.zip", "../test.db", "..%2Ftest.db"] {
        let body = json!({ "type": "import_process", "data": { "import_file": file } });
        assert_eq!(ask(body).await, "api.context.invalid_body_param.app_error", "{file}");
    }
    for size in [0, -1] {
        let body = json!({ "type": "import", "filename": "x.zip", "file_size": size });
        world.call(&admin, "POST", "/uploads", body).await.error(400);
    }
    for name in ["..", "", ".hidden"] {
        let body = json!({ "type": "import", "filename": name, "file_size": 9 });
        world.call(&admin, "POST", "/uploads", body).await.error(400);
    }
    world.call(&admin, "DELETE", "/imports/..%2Ftest.db", Value::Null).await.error(400);
    world.call(&admin, "GET", "/exports/..%2Ftest.db", Value::Null).await.error(404);
    let nobody = "y".repeat(26);
    world.call(&admin, "GET", &format!("/jobs/{nobody}"), Value::Null).await.error(404);
    world.call(&admin, "POST", &format!("/jobs/{nobody}/cancel"), Value::Null).await.error(404);
    let body = json!({ "type": "export_process" });
    let job = world.call(&admin, "POST", "/jobs", body).await.json(201);
    let status = format!("/jobs/{}/status", job["id"].as_str().unwrap());
    world.call(&admin, "PATCH", &status, json!({ "status": "nonsense" })).await.error(400);
    world.call(&admin, "PATCH", &status, json!({ "status": "success" })).await.error(400);
    world.call(&admin, "PATCH", &status, json!({ "status": "error", "force": true })).await.json(200);
    world.call(&admin, "PATCH", &status, json!({ "status": "pending", "force": true })).await.json(200);
    let cancel = format!("/jobs/{}/cancel", job["id"].as_str().unwrap());
    world.call(&admin, "POST", &cancel, Value::Null).await.json(200);
    assert_eq!(world.get(&admin, "/jobs").await[0]["status"], "canceled");
}

/// Whoever moves an installation holds all of it: members, channel administrators and strangers do not.
#[tokio::test]
async fn jobs_and_their_files_are_for_those_who_administer_the_system() {
    let world = World::start().await;
    let admin = world.person("root", "system_admin system_user").await;
    let alice = world.person("alice", "system_user").await;
    world.channel(&alice, "ops", ChannelKind::Public).await;
    let name = upload(&world, &admin).await;
    let job = world.call(&admin, "POST", "/jobs", json!({ "type": "export_process" })).await.json(201);
    let job = format!("/jobs/{}", job["id"].as_str().unwrap());
    let new = json!({ "type": "import", "filename": "x.zip", "file_size": 9 });
    let session = world.call(&admin, "POST", "/uploads", new.clone()).await.json(201);
    let import = json!({ "type": "import_process", "data": { "import_file": name } });
    for (method, path, body) in [
        ("POST", "/uploads", new),
        ("POST", "/jobs", import),
        ("POST", "/jobs", json!({ "type": "export_process" })),
        ("GET", "/jobs", Value::Null),
        ("GET", "/jobs/type/import_process", Value::Null),
        ("GET", &job, Value::Null),
        ("GET", &format!("{job}/download"), Value::Null),
        ("POST", &format!("{job}/cancel"), Value::Null),
        ("PATCH", &format!("{job}/status"), json!({ "status": "canceled", "force": true })),
        ("GET", "/imports", Value::Null),
        ("DELETE", &format!("/imports/{name}"), Value::Null),
        ("GET", "/exports", Value::Null),
        ("GET", "/exports/x_export.zip", Value::Null),
        ("DELETE", "/exports/x_export.zip", Value::Null),
        ("POST", "/exports/x_export.zip/presign-url", Value::Null),
    ] {
        let refused = world.call(&alice, method, path, body).await.error(403);
        assert_eq!(refused, "api.context.permissions.app_error", "{method} {path}");
    }
    // Somebody else's upload is none at all.
    let path = format!("/uploads/{}", session["id"].as_str().unwrap());
    world.call(&alice, "GET", &path, Value::Null).await.error(404);
    world.send(&alice, &path, "some text").await.error(404);
    assert_eq!(world.get(&admin, "/imports").await, json!([name]));
    world.call(&admin, "DELETE", &format!("/imports/{name}"), Value::Null).await.json(200);
    assert_eq!(world.get(&admin, "/imports").await, json!([]));
}
