//! What documents become, and which are refused.

#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn check(xml: &str, expected: &Value) {
    let converted = xml_to_json(xml.as_bytes(), &Limits::default());
    assert_eq!(converted.as_ref(), Ok(expected), "{xml}");
}

#[test]
fn values() {
    check("<A/>", &json!({"A": null}));
    check("<A></A>", &json!({"A": null}));
    check("<A>\n </A>", &json!({"A": null}));
    check("<A> b </A>", &json!({"A": " b "}));
    check("<A>1</A>", &json!({"A": "1"}));
    check("<A>a&amp;b&lt;&#233;&#x41;&apos;&quot;&gt;</A>", &json!({"A": "a&b<éA'\">"}));
    check("<A><![CDATA[<b>&amp;]]></A>", &json!({"A": "<b>&amp;"}));
    check("<A><B>1</B><C/></A>", &json!({"A": {"B": "1", "C": null}}));
    check("<A>x<B>1</B></A>", &json!({"A": {"B": "1", "#text": "x"}}));
    check("<A><Body> </Body></A>", &json!({"A": {"Body": " "}}));
    check(
        "\u{feff}<?xml version=\"1.0\"?>\n<!-- c --><n:A xmlns:n=\"urn:x\" a=\"1\"><n:B>1</n:B></n:A>\n",
        &json!({"A": {"B": "1"}}),
    );
}

#[test]
fn lists_and_maps() {
    check("<A><B>1</B><B>2</B><C>3</C></A>", &json!({"A": {"B": ["1", "2"], "C": "3"}}));
    check("<A><L><member>1</member></L></A>", &json!({"A": {"L": ["1"]}}));
    check(
        "<A><L><member><X>1</X></member><member/></L></A>",
        &json!({"A": {"L": [{"X": "1"}, null]}}),
    );
    check("<A><s><item>1</item><item>2</item></s></A>", &json!({"A": {"s": ["1", "2"]}}));
    let pair = |key: &str| format!("<entry><key>{key}</key><value>v{key}</value></entry>");
    check(
        &format!("<A><M>{}{}</M></A>", pair("a"), pair("b")),
        &json!({"A": {"M": {"a": "va", "b": "vb"}}}),
    );
    check("<A><B><member>1</member><C/></B></A>", &json!({"A": {"B": {"member": "1", "C": null}}}));
    // A list inside of a repeated element stays one of its values.
    check("<A><B><member>1</member></B><B>2</B></A>", &json!({"A": {"B": [["1"], "2"]}}));
}

#[test]
fn answers_of_services() {
    check(
        r#"<SendMessageResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><SendMessageResult>
           <MD5OfMessageBody>fafb</MD5OfMessageBody><MessageId>5fea</MessageId></SendMessageResult>
           <ResponseMetadata><RequestId>27da</RequestId></ResponseMetadata></SendMessageResponse>"#,
        &json!({"SendMessageResponse": {
            "SendMessageResult": {"MD5OfMessageBody": "fafb", "MessageId": "5fea"},
            "ResponseMetadata": {"RequestId": "27da"},
        }}),
    );
    check(
        "<ReceiveMessageResponse><ReceiveMessageResult><Message><Body>b</Body><Attribute><Name>n</Name>\
         <Value>v</Value></Attribute></Message></ReceiveMessageResult></ReceiveMessageResponse>",
        &json!({"ReceiveMessageResponse": {"ReceiveMessageResult": {"messages": [
            {"Body": "b", "Attributes": [{"Name": "n", "Value": "v"}], "MessageAttributes": null}
        ]}}}),
    );
    check(
        "<ReceiveMessageResponse><ReceiveMessageResult/></ReceiveMessageResponse>",
        &json!({"ReceiveMessageResponse": {"ReceiveMessageResult": {"messages": null}}}),
    );
    check(
        "<ErrorResponse><Error><Type>Sender</Type><Code>C</Code><Message>no &quot;q&quot;</Message><Detail/>\
         </Error><RequestId>r</RequestId></ErrorResponse>",
        &json!({"Error": {"Type": "Sender", "Code": "C", "Message": "no \"q\"", "Detail": null}, "RequestId": "r"}),
    );
}

#[test]
fn refused() {
    let limits = Limits { max_depth: 3, max_elements: 5, max_attributes: 2 };
    let check = |xml: &str, expected: &str| {
        let refused = xml_to_json(xml.as_bytes(), &limits).unwrap_err().to_string();
        assert!(refused.contains(expected), "{xml}: {refused}");
    };
    for bad in [
        "",
        " ",
        "x",
        "<A>",
        "<A></B>",
        "</A>",
        "<A/><B/>",
        "<A/>x",
        "<A",
        "<A b></A>",
        "<A>&</A>",
        "{}",
    ] {
        check(bad, "malformed");
    }
    check("<!DOCTYPE a [<!ENTITY b \"c\">]><A>&b;</A>", "document type");
    check("<A>&b;</A>", "entity");
    check("<A><B><C><D/></C></B></A>", "levels");
    check("<A><B/><B/><B/><B/><B/></A>", "elements");
    check("<A a='1' b='2' c='3'/>", "attributes");
    assert!(xml_to_json(b"<A>\xff</A>", &limits).is_err());
    assert!(xml_to_json(b"<A>&#0;</A>", &limits).is_err());
}

#[test]
fn bombs_end_quickly() {
    let deep = "<a>".repeat(1 << 20);
    let wide = format!("<a>{}</a>", "<b/>".repeat(1 << 20));
    let attributes = format!("<a {}/>", "b=\"\" ".repeat(1 << 20));
    let laughs = format!("<!DOCTYPE a [{}]><a>&b;</a>", "<!ENTITY b \"&c;&c;&c;\">".repeat(1000));
    for bomb in [deep, wide, attributes, laughs] {
        assert!(xml_to_json(bomb.as_bytes(), &Limits::default()).is_err());
    }
}

/// XML of a tree of names and texts, with what it becomes.
fn trees() -> impl Strategy<Value = (String, Value)> {
    let leaf = "[a-z&<>\"' é]{0,6}[a-z]".prop_map(|text: String| {
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
        (escaped, Value::String(text))
    });
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop::collection::btree_map("[A-Z][a-zA-Z]{0,4}", inner, 1..4).prop_map(|children| {
            let xml = children.iter().map(|(name, (xml, _))| format!("<{name}>{xml}</{name}>"));
            let xml = xml.collect();
            let members = children.into_iter().map(|(name, (_, value))| (name, value));
            (xml, Value::Object(members.collect()))
        })
    })
}

proptest! {
    #[test]
    fn trees_come_back((xml, expected) in trees()) {
        let converted = xml_to_json(format!("<Root>{xml}</Root>").as_bytes(), &Limits::default());
        prop_assert_eq!(converted.unwrap(), json!({"Root": expected}));
    }

    #[test]
    fn no_text_panics(text in "[<>/a-c&;#x0-9 !\\[\\]?=\"'-]{0,60}") {
        let _ = xml_to_json(text.as_bytes(), &Limits::default());
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let _ = xml_to_json(&bytes, &Limits::default());
    }
}
