//! Names of lists in SQS's answers, which differ between its XML and its JSON.

/// What the children of an element are called in JSON, always as arrays, and
/// null where there are none: pairs of an element and its name.
pub(crate) fn lists(parent: &str) -> &'static [(&'static str, &'static str)] {
    match parent {
        "ReceiveMessageResult" => &[("Message", "messages")],
        "Message" => &[("Attribute", "Attributes"), ("MessageAttribute", "MessageAttributes")],
        "ListQueuesResult" | "ListDeadLetterSourceQueuesResult" => &[("QueueUrl", "queueUrls")],
        "GetQueueAttributesResult" => &[("Attribute", "Attributes")],
        "SendMessageBatchResult" => {
            &[("SendMessageBatchResultEntry", "Successful"), ("BatchResultErrorEntry", "Failed")]
        }
        "DeleteMessageBatchResult" => {
            &[("DeleteMessageBatchResultEntry", "Successful"), ("BatchResultErrorEntry", "Failed")]
        }
        "ChangeMessageVisibilityBatchResult" => &[
            ("ChangeMessageVisibilityBatchResultEntry", "Successful"),
            ("BatchResultErrorEntry", "Failed"),
        ],
        _ => &[],
    }
}
