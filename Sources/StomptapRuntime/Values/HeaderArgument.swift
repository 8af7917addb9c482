import STOMPCore
import StomptapOutput

/// A header as it is typed: `name: value`. One blank behind the colon is for the eye and goes.
package struct HeaderArgument: Sendable, Equatable {
    package let header: Header

    package init(_ text: String) throws {
        guard let colon = text.firstIndex(of: ":"), colon != text.startIndex else {
            throw InvalidValue("a header is written 'name: value'")
        }
        let value = text[text.index(after: colon)...]
        header = Header(String(text[..<colon]), String(value.first == " " ? value.dropFirst() : value))
    }

    /// Whether a header such as `Authorization:` lost its value, which stands behind it as a word of its own.
    package static func isSecretWithoutValue(_ header: String) -> Bool {
        header.hasSuffix(":") && SecretMask.hiding.hides(header)
    }
}

extension HeaderList {
    package init(_ arguments: [HeaderArgument]) {
        self.init(arguments.map(\.header))
    }
}
