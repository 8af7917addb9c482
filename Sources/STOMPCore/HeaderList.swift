/// One header of a frame.
public struct Header: Sendable, Hashable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// Headers in their order, repeats included. Where a name repeats, the first one counts (STOMP 1.2, "Repeated Header
/// Entries").
public struct HeaderList: Sendable, Hashable {
    private var headers: [Header]

    public init(_ headers: some Sequence<Header> = []) {
        self.headers = Array(headers)
    }

    /// The first value of `name`. Setting it replaces the first header of that name in its place, or appends one;
    /// setting nil removes all of them.
    public subscript(name: String) -> String? {
        get { headers.first { $0.name == name }?.value }
        set {
            guard let newValue else { return headers.removeAll { $0.name == name } }
            if let index = headers.firstIndex(where: { $0.name == name }) {
                headers[index].value = newValue
            } else {
                append(name, newValue)
            }
        }
    }

    /// Adds a header at the end, also where one of that name is already there.
    public mutating func append(_ name: String, _ value: String) {
        headers.append(Header(name, value))
    }

    public mutating func append(contentsOf other: some Sequence<Header>) {
        headers.append(contentsOf: other)
    }

    public func contains(_ name: String) -> Bool {
        headers.contains { $0.name == name }
    }
}

extension HeaderList: RandomAccessCollection {
    public var startIndex: Int { headers.startIndex }
    public var endIndex: Int { headers.endIndex }
    public subscript(position: Int) -> Header { headers[position] }
}

extension HeaderList: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, String)...) {
        self.init(elements.map { Header($0, $1) })
    }
}
