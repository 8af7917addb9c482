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

extension HeaderList {
    init(_ arguments: [HeaderArgument]) {
        self.init(arguments.map(\.header))
    }
}
