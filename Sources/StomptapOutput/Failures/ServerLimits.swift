/// Limits of servers that people have.
package enum ServerLimits {
    /// The largest WebSocket message that Tomcat takes unless it is told otherwise; at a larger one it closes with 1009.
    package static let tomcatMessage = "16 KiB"
    /// A size of messages that Tomcat takes for certain, as an option's value.
    package static let messageForTomcat = "8192"
}
