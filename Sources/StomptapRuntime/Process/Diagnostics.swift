import StomptapOutput
import Synchronization

/// What goes to stderr: one line for each thing that a person should know.
package enum Diagnostics {
    /// The line that a failed program ends with.
    package static func fail(_ line: String) { write(line) }

    package static func warn(_ line: String) { write("warning: \(line)") }

    package static func note(_ line: String) { write(line) }

    /// A line for a person who sits at the terminal and knows what program talks.
    package static func tell(_ line: String) { write(Array("\(visible(SecretMask.hiding.masked(line)))\n".utf8)) }

    private static let sink = Mutex<(@Sendable ([UInt8]) -> Void)?>(nil)

    /// Gives to `sink` what would go to stderr; nil ends it. It must not wait.
    package static func redirect(to sink: (@Sendable ([UInt8]) -> Void)?) {
        self.sink.withLock { $0 = sink }
    }

    private static func write(_ line: String) { write(Array(ErrorLine.text(line).utf8)) }

    /// Writes what is made up already, such as lines of a trace.
    package static func write(_ octets: [UInt8]) {
        if let sink = sink.withLock({ $0 }) { return sink(octets) }
        StatusLine.erase()
        // Where stderr is closed there is nobody to tell.
        try? octets.withUnsafeBytes { try DescriptorWriter.standardError.write($0) }
    }
}
