import STOMPClient
import STOMPTransport
import StomptapOutput
import Testing

/// A failure, and the error line and exit status that a user gets for it.
struct Told: Sendable, CustomTestStringConvertible {
    private let error: any Error
    let line: String
    let status: StomptapOutput.ExitStatus

    init(_ error: TransportError, _ line: String, _ status: StomptapOutput.ExitStatus) {
        (self.error, self.line, self.status) = (error, line, status)
    }

    init(_ error: STOMPClientError, _ line: String, _ status: StomptapOutput.ExitStatus) {
        (self.error, self.line, self.status) = (error, line, status)
    }

    var testDescription: String { line }

    /// The same failure, as a client of the library throws it.
    var wrapped: Told { (error as? TransportError).map { Told(.transport($0), line, status) } ?? self }

    func check(_ location: SourceLocation = #_sourceLocation) {
        let failure = Failure(error)
        #expect(failure.line == line, sourceLocation: location)
        #expect(failure.status == status, sourceLocation: location)
    }
}
