//! Slack's marks in texts of programs, as Markdown.

use serde_json::Value;

/// Members of an attachment that are texts with marks.
const TEXTS: [&str; 4] = ["text", "pretext", "fallback", "title"];

/// `<https://a.example|text>` becomes a link, `<!channel>` and `<@name>` mentions. Anything else in angle brackets stays.
pub(super) fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('<') {
        out.push_str(before);
        let end = behind.find(['>', '\n']).filter(|end| behind.as_bytes().get(*end) == Some(&b'>'));
        let mark = end.and_then(|end| behind.split_at_checked(end));
        match mark.and_then(|(inside, after)| Some((written(inside)?, after))) {
            Some((markdown, after)) => {
                out.push_str(&markdown);
                rest = after.strip_prefix('>').unwrap_or(after);
            }
            None => {
                out.push('<');
                rest = behind;
            }
        }
    }
    out.push_str(rest);
    out
}

fn written(inside: &str) -> Option<String> {
    if let Some(word) = inside.strip_prefix('!') {
        let word = word.split('|').next().unwrap_or(word);
        return match word {
            "channel" | "here" | "all" => Some(format!("@{word}")),
            "everyone" => Some("@all".to_owned()),
            _ => None,
        };
    }
    if let Some(name) = inside.strip_prefix('@') {
        let name = name.split('|').next().unwrap_or(name);
        let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        return plain.then(|| format!("@{name}"));
    }
    let (address, text) = inside.split_once('|').unwrap_or((inside, ""));
    let is_link = ["http://", "https://", "mailto:"].iter().any(|scheme| address.starts_with(scheme));
    if !is_link || address.contains(char::is_whitespace) {
        return None;
    }
    Some(if text.is_empty() { address.to_owned() } else { format!("[{text}]({address})") })
}

/// The same in the texts of an attachment and its fields.
pub(super) fn attachment(attachment: &mut Value) {
    let Some(members) = attachment.as_object_mut() else { return };
    for key in TEXTS {
        if let Some(Value::String(text)) = members.get_mut(key) {
            *text = markdown(text);
        }
    }
    let fields = members.get_mut("fields").and_then(Value::as_array_mut);
    for field in fields.into_iter().flatten() {
        if let Some(Value::String(text)) = field.get_mut("value") {
            *text = markdown(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn marks_become_markdown_and_the_rest_stays() {
        for (slack, expected) in [
            ("see <https://a.example/x|the page> now", "see [the page](https://a.example/x) now"),
            ("<https://a.example>", "https://a.example"),
            ("<!channel> <!here|here> <!everyone>", "@channel @here @all"),
            ("<@ann.b> hi", "@ann.b hi"),
            ("a < b and c > d", "a < b and c > d"),
            ("<b>bold</b>", "<b>bold</b>"),
            ("<https://a.example\n|x>", "<https://a.example\n|x>"),
            ("<javascript:alert(1)|x>", "<javascript:alert(1)|x>"),
            ("<", "<"),
            ("<!date^1|x>", "<!date^1|x>"),
        ] {
            assert_eq!(markdown(slack), expected, "{slack}");
        }
        let mut given = json!({"text": "<!here>", "fields": [{"value": "<https://a.example|a>"}, 7], "color": "<x>"});
        attachment(&mut given);
        let expected = json!({"text": "@here", "fields": [{"value": "[a](https://a.example)"}, 7], "color": "<x>"});
        assert_eq!(given, expected);
        attachment(&mut json!("text"));
    }
}
