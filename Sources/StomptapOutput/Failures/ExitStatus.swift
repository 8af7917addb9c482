import STOMPClient
import STOMPCore
import STOMPTransport

/// What the program's exit status tells; the numbers are those of `sysexits.h`, and 128 and the signal's.
package enum ExitStatus: Int32, Sendable {
    case success = 0
    /// The server answered ERROR, or an expectation failed.
    case failed = 1
    case usage = 64
    /// A body, template, frame file or recording cannot be read as what it should be.
    case badInput = 65
    case noInput = 66
    case noHost = 68
    /// Could not connect, or the connection was lost for good.
    case unavailable = 69
    /// An output file cannot be created, or a port not listened on.
    case cannotCreate = 73
    case writeFailed = 74
    case timedOut = 75
    /// The other side broke a protocol, or sent more than a limit allows.
    case protocolError = 76
    case refused = 77
    case badConfiguration = 78
    case interrupted = 130
    case terminated = 143
}

/// Ends the program with a status and, unless there is nothing to say, one line on stderr.
package struct Failure: Error, Sendable {
    package let status: ExitStatus
    /// The line without the program's name; nil for a quiet end.
    package let line: String?

    package init(_ status: ExitStatus, _ line: String?) {
        self.status = status
        self.line = line
    }

    /// What an error of the modules beneath means to the caller of the program.
    package init(_ error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let error as STOMPClientError: self.init(ExitStatus(error), Explanation(error).line)
        case let error as TransportError: self.init(ExitStatus(error), Explanation(error).line)
        case let error as STOMPProtocolError: self.init(ExitStatus(error), Explanation(error).line)
        case is CancellationError: self.init(.interrupted, nil)
        default: self.init(.failed, "\(error)")
        }
    }
}

extension ExitStatus {
    package init(_ error: STOMPClientError) {
        switch error {
        case .transport(let failure): self.init(failure)
        case .invalidEndpoint, .noEndpoint: self = .usage
        case .refused: self = .refused
        case .serverError: self = .failed
        case .protocolViolation, .speaksTLS: self = .protocolError
        case .closed, .silent, .abandoned, .over: self = .unavailable
        case .timedOut: self = .timedOut
        case .cannotSend: self = .badInput
        }
    }

    package init(_ error: STOMPProtocolError) {
        switch error.party {
        case .local: self = .badInput
        case .peer: self = .protocolError
        }
    }
}

extension ExitStatus {
    package init(_ error: TransportError) {
        // What is in a file of keys or certificates, rather than how the command was typed.
        if case .tls(let failure) = error, failure.kind == .badConfiguration {
            self = .badInput
            return
        }
        switch error.kind {
        case .cannotListen: self = .cannotCreate
        case .missingFile: self = .noInput
        case .nameNotFound: self = .noHost
        case .refused: self = .refused
        case .badConfiguration: self = .usage
        case .timedOut: self = .timedOut
        case .protocolViolation, .limitExceeded: self = .protocolError
        default: self = .unavailable
        }
    }
}
