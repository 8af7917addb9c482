import NIOCore

/// The client side of SOCKS 5 (RFC 1928), with user and password if given (RFC 1929), up to the reply to CONNECT.
/// It is a value: the caller passes in the proxy's bytes and performs the returned actions.
///
/// Call ``next()`` at the start, and after each ``receive(_:)``, until it returns ``Action/wait``.
struct SOCKSHandshake {
    struct Credentials: Equatable {
        /// 1 to 255 bytes each.
        var user: String
        var password: String
    }

    struct Message: Equatable {
        enum Kind { case greeting, credentials, connect }

        var kind: Kind
        var bytes: ByteBuffer
        /// The bytes to display, with `****` instead of user and password.
        var shown: ByteBuffer
    }

    enum Action: Equatable {
        /// Wait until more bytes arrive.
        case wait
        case send(Message)
        /// The proxy selected a method, or accepted the credentials; only for the trace.
        case received(ByteBuffer)
        /// The tunnel is open; `early` are the bytes already received through it.
        case finish(reply: ByteBuffer, early: ByteBuffer)
        /// The handshake failed; all later bytes are ignored.
        case fail(Fault)
    }

    enum Fault: Equatable {
        case notSOCKS5(firstByte: UInt8)
        /// No credentials were offered, and the proxy requires them.
        case authenticationRequired
        /// The proxy accepts neither credentials nor a connection without them.
        case noMethodInCommon
        case unofferedMethod(UInt8)
        case credentialsRejected
        case invalidAuthenticationStatus
        case invalidReply
        /// The reply code to CONNECT (RFC 1928, section 6); not 0.
        case refused(reply: UInt8)
    }

    private enum Method {
        static let none: UInt8 = 0
        static let credentials: UInt8 = 2
        static let unacceptable: UInt8 = 0xFF
    }

    /// The next message to send or to receive.
    private enum Phase { case greeting, method, credentials, authentication, connect, reply, over }

    private static let version: UInt8 = 5

    /// A name, or an IP address without brackets; 1 to 255 bytes.
    private let host: String
    private let port: UInt16
    private let credentials: Credentials?
    private var phase = Phase.greeting
    /// The bytes of an incomplete reply. The longest reply has 262 bytes.
    private(set) var unread = ByteBuffer()

    init(host: String, port: UInt16, credentials: Credentials?) {
        self.host = host
        self.port = port
        self.credentials = credentials
    }

    mutating func receive(_ bytes: ByteBuffer) {
        if phase != .over { unread.writeImmutableBuffer(bytes) }
    }

    mutating func next() -> Action {
        switch phase {
        case .greeting: send(.greeting, then: .method)
        case .method: readMethod()
        case .credentials: send(.credentials, then: .authentication)
        case .authentication: readAuthenticationStatus()
        case .connect: send(.connect, then: .reply)
        case .reply: readReply()
        case .over: .wait
        }
    }

    // MARK: - Replies from the proxy

    private mutating func readMethod() -> Action {
        guard let version = byte(0) else { return .wait }
        guard version == Self.version else { return fail(.notSOCKS5(firstByte: version)) }
        guard let method = byte(1) else { return .wait }
        switch (method, credentials) {
        case (Method.none, _): return received(2, then: .connect)
        case (Method.credentials, .some): return received(2, then: .credentials)
        case (Method.credentials, nil), (Method.unacceptable, nil): return fail(.authenticationRequired)
        case (Method.unacceptable, .some): return fail(.noMethodInCommon)
        default: return fail(.unofferedMethod(method))
        }
    }

    private mutating func readAuthenticationStatus() -> Action {
        guard let version = byte(0) else { return .wait }
        // The subnegotiation has version 1, but some proxies send the version of SOCKS.
        guard version == 1 || version == Self.version else { return fail(.invalidAuthenticationStatus) }
        guard let status = byte(1) else { return .wait }
        return status == 0 ? received(2, then: .connect) : fail(.credentialsRejected)
    }

    private mutating func readReply() -> Action {
        guard let version = byte(0) else { return .wait }
        guard version == Self.version else { return fail(.invalidReply) }
        guard let reply = byte(1) else { return .wait }
        // Some proxies close the connection before the rest of a refusal.
        guard reply == 0 else { return fail(.refused(reply: reply)) }
        guard let reserved = byte(2) else { return .wait }
        guard reserved == 0 else { return fail(.invalidReply) }
        guard let type = byte(3) else { return .wait }
        let addressLength: Int
        switch type {
        case 1: addressLength = 4
        case 4: addressLength = 16
        case 3:
            guard let length = byte(4) else { return .wait }
            addressLength = 1 + Int(length)
        default: return fail(.invalidReply)
        }
        let length = 4 + addressLength + 2
        guard let whole = unread.readSlice(length: length) else { return .wait }
        defer { end() }
        return .finish(reply: whole, early: unread)
    }

    private func byte(_ index: Int) -> UInt8? { unread.getInteger(at: unread.readerIndex + index) }

    private mutating func received(_ length: Int, then phase: Phase) -> Action {
        self.phase = phase
        return .received(unread.readSlice(length: length) ?? ByteBuffer())
    }

    private mutating func fail(_ fault: Fault) -> Action {
        end()
        return .fail(fault)
    }

    private mutating func end() {
        phase = .over
        unread = ByteBuffer()
    }

    // MARK: - Messages to the proxy

    private mutating func send(_ kind: Message.Kind, then phase: Phase) -> Action {
        self.phase = phase
        switch kind {
        case .greeting:
            let methods = credentials == nil ? [Method.none] : [Method.none, Method.credentials]
            let bytes = ByteBuffer(bytes: [Self.version, UInt8(methods.count)] + methods)
            return .send(Message(kind: kind, bytes: bytes, shown: bytes))
        case .credentials:
            let cover = TypedSecrets.cover
            return .send(
                Message(
                    kind: kind, bytes: Self.login(credentials?.user ?? "", credentials?.password ?? ""),
                    shown: Self.login(cover, cover)))
        case .connect:
            var bytes = ByteBuffer(bytes: [Self.version, 1, 0])
            switch (try? SocketAddress(ipAddress: host, port: 0))?.ipBytes {
            case .some(let address):
                bytes.writeBytes([address.count == 4 ? 1 : 4] + address)
            case nil:
                bytes.writeBytes([3, UInt8(clamping: host.utf8.count)] + host.utf8.prefix(255))
            }
            bytes.writeInteger(port)
            return .send(Message(kind: kind, bytes: bytes, shown: bytes))
        }
    }

    private static func login(_ user: String, _ password: String) -> ByteBuffer {
        var bytes = ByteBuffer(bytes: [1])
        for text in [user, password] {
            bytes.writeInteger(UInt8(clamping: text.utf8.count))
            bytes.writeBytes(text.utf8.prefix(255))
        }
        return bytes
    }
}
