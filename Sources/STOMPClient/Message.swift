import NIOCore
import STOMPCore
import STOMPTransport

/// A MESSAGE that came on a subscription.
public struct Message: Sendable {
    /// The frame as it came.
    public let frame: Frame
    /// When the read of the socket returned that brought its end.
    public let receivedAt: Timestamp

    public init(frame: Frame, receivedAt: Timestamp) {
        self.frame = frame
        self.receivedAt = receivedAt
    }

    public var headers: FrameHeaders { frame.headers }
    public var body: ByteBuffer { frame.body }
    public var destination: String? { frame.headers["destination"] }
    /// The id of the subscription that it came on; a STOMP 1.0 server may leave it out.
    public var subscription: String? { frame.headers["subscription"] }
}
