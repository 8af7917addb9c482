import STOMPClient
import STOMPTransport
import StomptapOutput
import Testing

/// A failure, and the line and the exit status that a user gets for it.
struct Told: Sendable, CustomTestStringConvertible {
    /// The failure, where it is one of the transport.
    private(set) var error: TransportError?
    private let explanation: Explanation
    private let actualStatus: StomptapOutput.ExitStatus
    let line: String
    let status: StomptapOutput.ExitStatus

    init(_ error: TransportError, _ line: String, _ status: StomptapOutput.ExitStatus) {
        self.error = error
        explanation = Explanation(error)
        actualStatus = StomptapOutput.ExitStatus(error)
        self.line = line
        self.status = status
    }

    init(session error: STOMPClientError, _ line: String, _ status: StomptapOutput.ExitStatus) {
        explanation = Explanation(error)
        actualStatus = StomptapOutput.ExitStatus(error)
        self.line = line
        self.status = status
    }

    var testDescription: String { line }

    func check(_ location: SourceLocation = #_sourceLocation) {
        #expect(explanation.line == line, sourceLocation: location)
        #expect(actualStatus == status, sourceLocation: location)
    }
}
