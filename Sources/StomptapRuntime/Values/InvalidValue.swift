/// What is wrong with a value that was typed, as an option's or at the prompt.
package struct InvalidValue: Error, CustomStringConvertible, Sendable {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
