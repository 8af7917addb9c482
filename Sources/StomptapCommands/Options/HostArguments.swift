import ArgumentParser
import STOMPTransport

/// A name of the host, without a port.
struct HostNameArgument: Sendable {
    let name: String

    init(_ text: String) throws {
        guard let authority = HTTPAuthority(text), authority.port == nil else {
            throw ValidationError("invalid host name; write it without scheme and port, such as box.example")
        }
        name = authority.host
    }
}

/// The origin of a web page, `null`, or `*` for all of them.
struct OriginArgument: Sendable {
    let origin: String

    init(_ text: String) throws {
        // Extensions and apps have schemes of their own.
        guard text == "*" || text == "null" || text.contains("://") else {
            throw ValidationError("invalid origin; write http://HOST:PORT, null, or * for all")
        }
        origin = text
    }
}
