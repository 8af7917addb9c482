import STOMPTransport
import StomptapOutput
import Testing

/// A failure, and the line and the exit status that a user gets for it.
struct Told: Sendable, CustomTestStringConvertible {
    var error: TransportError
    var line: String
    var status: StomptapOutput.ExitStatus

    init(_ error: TransportError, _ line: String, _ status: StomptapOutput.ExitStatus) {
        self.error = error
        self.line = line
        self.status = status
    }

    var testDescription: String { line }

    func check(_ location: SourceLocation = #_sourceLocation) {
        #expect(Explanation(error).line == line, sourceLocation: location)
        #expect(StomptapOutput.ExitStatus(error) == status, sourceLocation: location)
    }
}
