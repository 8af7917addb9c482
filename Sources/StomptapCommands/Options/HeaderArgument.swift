import ArgumentParser
import STOMPCore

/// A header as it is typed: `name: value`. One blank behind the colon is for the eye and goes.
struct HeaderArgument: Sendable, Equatable {
    let header: Header

    init(_ text: String) throws {
        guard let colon = text.firstIndex(of: ":"), colon != text.startIndex else {
            throw ValidationError("a header is written 'name: value'")
        }
        let value = text[text.index(after: colon)...]
        header = Header(String(text[..<colon]), String(value.first == " " ? value.dropFirst() : value))
    }
}

extension [HeaderArgument] {
    /// Refuses headers that the command sets itself, as the frame would have them twice.
    ///
    /// - Parameter own: what sets them, by their names.
    func refuse(_ own: KeyValuePairs<String, String>) throws {
        for (name, setter) in own where contains(where: { $0.header.name == name }) {
            throw ValidationError("-H '\(name): ...': \(setter) sets this header")
        }
    }
}

extension HeaderList {
    init(_ arguments: [HeaderArgument]) {
        self.init(arguments.map(\.header))
    }
}
