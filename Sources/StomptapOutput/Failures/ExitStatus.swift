import STOMPClient
import STOMPCore
import STOMPTransport

/// What the program's exit status tells; the numbers are those of `sysexits.h`, and 128 and the signal's.
package enum ExitStatus: Int32, Sendable, CaseIterable {
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
    case hungUp = 129
    case interrupted = 130
    case terminated = 143
}

extension ExitStatus {
    /// What it tells, in a few words: what the help of a command has of it.
    package var meaning: String {
        switch self {
        case .success: "done"
        case .failed: "the server answered ERROR"
        case .usage: "wrong usage"
        case .badInput: "input that cannot be sent"
        case .noInput: "no such file"
        case .noHost: "no such host"
        case .unavailable: "no connection or lost"
        case .cannotCreate: "a file cannot be made"
        case .writeFailed: "writing failed"
        case .timedOut: "timed out"
        case .protocolError: "protocol broken"
        case .refused: "refused"
        case .badConfiguration: "a wrong profile"
        case .hungUp: "SIGHUP"
        case .interrupted: "Ctrl-C"
        case .terminated: "SIGTERM"
        }
    }

    /// What it tells, for the manual.
    package var details: String {
        switch self {
        case .success: "did what was asked"
        case .failed: "the server answered ERROR, or an expectation failed: --expect, a limit, a check"
        case .usage: "wrong usage"
        case .badInput:
            "bad input: a body, template, frame file, recording or value of a header command that cannot be read as what it should be"
        case .noInput: "an input file is not there"
        case .noHost: "host name not found"
        case .unavailable:
            "could not connect, the command that gives a header failed, or the connection was lost for good: closed, reset, or silent past its heart-beat"
        case .cannotCreate: "an output file cannot be made, or a listening port not opened"
        case .writeFailed: "writing failed"
        case .timedOut: "timed out: no CONNECTED, receipt, reply, message or value of a header command in time"
        case .protocolError: "the other side broke the protocol, or sent more than a limit allows"
        case .refused: "refused: credentials, 401 and 403, origin, certificate"
        case .badConfiguration: "a profile is wrong, or there is none of that name"
        case .hungUp: "ended by HUP, after a goodbye: the terminal was closed"
        case .interrupted: "ended by Ctrl-C, after a goodbye"
        case .terminated: "ended by TERM, after a goodbye"
        }
    }

    /// The columns that a line of help may take.
    private static let lineWidth = 76

    /// The section of a command's help that lists the statuses it can end with, as lines of text.
    ///
    /// - Parameters:
    ///   - statuses: those that it can end with; what connects to a server can end with any.
    ///   - own: what they mean for this command, if not the usual.
    package static func section(_ statuses: [ExitStatus] = allCases, own: [ExitStatus: String] = [:]) -> String {
        let all = Set(statuses).union(own.keys).sorted { $0.rawValue < $1.rawValue }
        let entries = all.map { "\($0.rawValue) \(own[$0] ?? $0.meaning)" }
        var lines = ["EXIT STATUS"]
        var line = " "
        for word in entries.joined(separator: ", ").split(separator: " ") {
            // A number stays with what it means.
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
        case .noAttemptHeaders(let failure): self = (failure as? HeaderCommandFailure)?.status ?? .unavailable
        case _ where error.isRefusedForNow: self = .unavailable
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
