import STOMPCore
import STOMPTransport

/// The credentials that this side has sent, without values that may be secret.
public struct SentCredentials: Sendable, Hashable {
    /// Whether CONNECT had a `login` header.
    public var hasLogin: Bool
    /// The names of additional headers of CONNECT, in their order.
    public var connectHeaders: [String]
    /// The names of the headers configured for HTTP requests, including `Cookie`; empty if there were no HTTP requests.
    public var httpHeaders: [String]

    /// Creates a value; by default nothing was sent.
    public init(hasLogin: Bool = false, connectHeaders: [String] = [], httpHeaders: [String] = []) {
        self.hasLogin = hasLogin
        self.connectHeaders = connectHeaders
        self.httpHeaders = httpHeaders
    }

    /// - Parameters:
    ///   - frame: CONNECT or STOMP.
    ///   - transport: the transport of the session.
    ///   - options: the options that the transport was opened with.
    package init(_ frame: Frame, over transport: TransportDescription, options: TransportOptions) {
        let names = frame.headers.map(\.name)
        hasLogin = names.contains("login")
        connectHeaders = names.filter { !Self.usual.contains($0) }
        httpHeaders = transport.kind == .tcp ? [] : options.identity.givenHeaders
    }

    /// The standard headers of CONNECT (STOMP 1.2, "CONNECT or STOMP Frame").
    private static let usual: Set = ["accept-version", "host", "heart-beat", "login", "passcode"]
}

extension SentCredentials: CustomStringConvertible {
    /// The names, such as `login, Authorization`.
    public var description: String {
        ((hasLogin ? ["login"] : []) + connectHeaders + httpHeaders).joined(separator: ", ")
    }
}

/// The last frame that this side sent: an ERROR is probably about it.
public enum LastSent: Sendable, Hashable {
    /// `id` is that of a subscription, or of the acknowledged message.
    case frame(Command, destination: String?, id: String?)
    /// A heart-beat (STOMP 1.2, "Heart-beating").
    case heartBeat
}

/// The frames sent before an ERROR that it may be about.
public struct PrecedingFrames: Sendable, Hashable {
    /// The last frame sent; nil if unknown or if nothing was sent.
    public var last: LastSent?
    /// The SUBSCRIBE with the ERROR's `receipt-id`.
    public var named: LastSent?
    /// The first SUBSCRIBE without a receipt: if the server answers in order, the ERROR is about it.
    public var unconfirmed: LastSent?

    /// Creates a value; by default nothing is known.
    public init(last: LastSent? = nil, named: LastSent? = nil, unconfirmed: LastSent? = nil) {
        self.last = last
        self.named = named
        self.unconfirmed = unconfirmed
    }
}

/// Recently sent frames, used to explain an ERROR. It is updated for each frame, so it creates no text until needed.
struct SentBefore {
    private enum Last {
        /// Nothing was sent, or bytes that the session did not create.
        case unknown
        case frame(Frame)
        case known(LastSent)
    }

    let credentials: SentCredentials
    private var lastSent = Last.unknown
    /// The SUBSCRIBEs whose receipts have not been received, in their order.
    private var subscribing: [(receipt: String, frame: LastSent)] = []

    /// The maximum number of entries in `subscribing`.
    private static let mostSubscribing = 1000
    /// The largest frame that is stored whole until the next one is sent, in bytes.
    private static let largestKept = 4 << 10

    init(_ credentials: SentCredentials = SentCredentials()) {
        self.credentials = credentials
    }

    /// The frames sent before this ERROR.
    ///
    /// - Parameter receipts: receipts that arrived just before it and were not passed to ``confirmed(_:)`` yet.
    func frames(before error: Frame, _ receipts: [String] = []) -> PrecedingFrames {
        let id = error.headers["receipt-id"]
        return PrecedingFrames(
            last: last, named: subscribing.first { $0.receipt == id }?.frame,
            unconfirmed: subscribing.first { !receipts.contains($0.receipt) }?.frame)
    }

    /// The last frame sent.
    private var last: LastSent? {
        switch lastSent {
        case .unknown: nil
        case .frame(let frame): Self.last(frame)
        case .known(let last): last
        }
    }

    mutating func sent(_ frame: Frame) {
        // An ERROR after DISCONNECT is about the frames before it.
        guard frame.command != .disconnect else { return }
        if frame.command == .subscribe, subscribing.count < Self.mostSubscribing, let id = frame.headers["receipt"] {
            subscribing.append((id, Self.last(frame)))
        }
        lastSent = frame.bytes.readableBytes <= Self.largestKept ? .frame(frame) : .known(Self.last(frame))
    }

    /// Removes the SUBSCRIBE with this receipt.
    mutating func confirmed(_ receipt: String) {
        guard !subscribing.isEmpty else { return }
        subscribing.removeAll { $0.receipt == receipt }
    }

    mutating func sent(_ last: LastSent) { lastSent = .known(last) }

    mutating func sentUnknown() { lastSent = .unknown }

    private static func last(_ frame: Frame) -> LastSent {
        .frame(frame.command, destination: frame.headers["destination"], id: frame.headers["id"])
    }
}
