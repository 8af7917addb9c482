import NIOHTTP1

/// The cookies of one server (RFC 6265), kept in memory. Domain and path are ignored, because all requests go to
/// the server that set the cookies. A cookie that expires later is kept.
struct CookieJar {
    /// The maximum number of cookies, and the maximum size of one in bytes; the rest is ignored (section 6.1).
    static let maximumCount = 50
    static let maximumSize = 4096

    private var cookies: [(name: String, value: String)] = []

    /// - Parameter header: the value of a `Cookie` header to start with.
    init(_ header: String?) {
        for pair in header?.split(separator: ";") ?? [] { set(pair) }
    }

    /// The value of the `Cookie` header for the next request; nil if there are no cookies.
    var header: String? {
        cookies.isEmpty
            ? nil : cookies.map { $0.name.isEmpty ? $0.value : "\($0.name)=\($0.value)" }.joined(separator: "; ")
    }

    /// Stores the cookies that a response sets, and deletes those that have expired by `now`.
    mutating func store(_ headers: HTTPHeaders, at now: Timestamp = .now()) {
        for field in headers["Set-Cookie"] {
            let parts = field.split(separator: ";", omittingEmptySubsequences: false)
            let attributes = Dictionary(parts.dropFirst().map(Self.attribute)) { _, last in last }
            if let pair = parts.first { set(pair, isExpired: Self.isExpired(attributes, at: now)) }
        }
    }

    /// `Max-Age` takes precedence over `Expires` (RFC 6265, section 5.3).
    private static func isExpired(_ attributes: [String: String], at now: Timestamp) -> Bool {
        if let age = attributes["max-age"].flatMap({ Int($0) }) { return age <= 0 }
        guard let end = attributes["expires"].flatMap({ HTTPDate.seconds(of: $0) }) else { return false }
        return end <= now.nanoseconds / 1_000_000_000
    }

    private mutating func set(_ pair: Substring, isExpired: Bool = false) {
        guard pair.utf8.count <= Self.maximumSize else { return }
        let (name, value) = Self.split(pair)
        let index = cookies.firstIndex { $0.name == name }
        switch index {
        case let index? where isExpired: cookies.remove(at: index)
        case let index?: cookies[index].value = value
        case nil where !isExpired && cookies.count < Self.maximumCount: cookies.append((name, value))
        case nil: break
        }
    }

    private static func attribute(_ text: Substring) -> (String, String) {
        let (name, value) = split(text)
        return (name.lowercased(), value)
    }

    private static func split(_ text: Substring) -> (String, String) {
        guard let equals = text.firstIndex(of: "=") else { return ("", text.withoutBlanks) }
        return (text[..<equals].withoutBlanks, text[text.index(after: equals)...].withoutBlanks)
    }
}
