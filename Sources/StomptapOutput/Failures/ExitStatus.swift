import STOMPClient
import STOMPCore
import STOMPTransport

/// The program's exit status. The numbers are those of `sysexits.h`, and 128 plus the number of a signal.
package enum ExitStatus: Int32, Sendable, CaseIterable {
    case success = 0
    /// The server sent ERROR, or an expectation failed.
    case failed = 1
    case usage = 64
    /// A body, template, frame file or recording has invalid contents.
    case badInput = 65
    case noInput = 66
    case noHost = 68
    /// Could not connect, or the connection was lost for good.
    case unavailable = 69
    /// Cannot create an output file, or cannot listen on a port.
    case cannotCreate = 73
    case writeFailed = 74
    case timedOut = 75
    /// The peer violated a protocol, or sent more than a limit allows.
    case protocolError = 76
    case refused = 77
    case badConfiguration = 78
    case hungUp = 129
    case interrupted = 130
    case terminated = 143
}

extension ExitStatus {
    /// The meaning in a few words, for the help of a command.
    package var meaning: String {
        switch self {
        case .success: "success"
        case .failed: "the server answered ERROR"
        case .usage: "wrong usage"
        case .badInput: "invalid input"
        case .noInput: "no such file"
        case .noHost: "no such host"
        case .unavailable: "connection failed or lost"
        case .cannotCreate: "cannot create a file"
        case .writeFailed: "write error"
        case .timedOut: "timed out"
        case .protocolError: "protocol error"
        case .refused: "refused"
        case .badConfiguration: "invalid profile"
        case .hungUp: "SIGHUP"
        case .interrupted: "Ctrl-C"
        case .terminated: "SIGTERM"
        }
    }

    /// The meaning in detail, for the manual.
    package var details: String {
        switch self {
        case .success: "success"
        case .failed: "the server answered ERROR, or an expectation failed: --expect, a limit, a check"
        case .usage: "wrong usage"
        case .badInput:
            "invalid input: a body, template, frame file, recording or header command value cannot be read"
        case .noInput: "an input file does not exist"
        case .noHost: "host name not found"
        case .unavailable:
            "could not connect, a header command failed, or the connection was lost for good: closed, reset, or no "
                + "heart-beat in time"
        case .cannotCreate: "cannot create an output file or open a listening port"
        case .writeFailed: "write error"
        case .timedOut: "timed out: no CONNECTED, receipt, reply, message or header command value in time"
        case .protocolError: "the peer violated the protocol or exceeded a limit"
        case .refused: "refused: credentials, 401 and 403, origin, certificate"
        case .badConfiguration: "invalid or unknown profile"
        case .hungUp: "ended by SIGHUP after DISCONNECT: the terminal was closed"
        case .interrupted: "ended by Ctrl-C (SIGINT) after DISCONNECT"
        case .terminated: "ended by SIGTERM after DISCONNECT"
        }
    }

    /// The largest width of a line of help, in columns.
    private static let lineWidth = 76

    /// The section of a command's help that lists its exit statuses, as lines of text.
    ///
    /// - Parameters:
    ///   - statuses: the possible statuses; a command that connects to a server can end with any of them.
    ///   - own: the meanings that are specific to this command.
    package static func section(_ statuses: [ExitStatus] = allCases, own: [ExitStatus: String] = [:]) -> String {
        let all = Set(statuses).union(own.keys).sorted { $0.rawValue < $1.rawValue }
        let entries = all.map { "\($0.rawValue) \(own[$0] ?? $0.meaning)" }
        var lines = ["EXIT STATUS"]
        var line = " "
        for word in entries.joined(separator: ", ").split(separator: " ") {
            // Keep a number on the same line as its meaning.
            let isNumber = word.allSatisfy(\.isNumber)
            if line.count + 1 + word.count + (isNumber ? 8 : 0) > lineWidth {
                lines.append(line)
                line = " "
            }
            line += " " + word
        }
        return (lines + [line]).joined(separator: "\n")
    }
}

/// Ends the program with a status and, unless `line` is nil, one line on stderr.
package struct Failure: Error, Sendable {
    package let status: ExitStatus
    /// The line without the program's name; nil prints nothing.
    package let line: String?

    package init(_ status: ExitStatus, _ line: String?) {
        self.status = status
        self.line = line
    }

    /// Maps an error of the other modules to an exit status and a line.
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
        case .noAttemptHeaders(let failure): self = (failure as? HeaderCommandFailure)?.status ?? .unavailable
        case _ where error.isTemporaryRefusal: self = .unavailable
        case .refused: self = .refused
        case .serverError: self = .failed
        case .protocolViolation, .speaksTLS: self = .protocolError
        case .closed, .silent, .aborted, .ended: self = .unavailable
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
        // The contents of a key or certificate file are invalid; the command line is correct.
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
