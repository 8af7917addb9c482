import NIOCore
import STOMPCore
import STOMPTransport

/// Headers that are made for one attempt to connect, such as a token that is valid for minutes in a client that runs for
/// days.
public struct AttemptHeaders: Sendable {
    /// Makes the headers of the next attempt.
    ///
    /// - Parameter deadline: when the time for the whole attempt is up.
    public typealias Provider = @Sendable (_ deadline: NIODeadline) async throws -> AttemptHeaders

    /// Headers of CONNECT, after ``SessionConfiguration/headers``.
    public var connect: HeaderList
    /// Headers of each HTTP request, after `TransportOptions/httpHeaders`.
    public var http: [(name: String, value: String)]

    public init(connect: HeaderList = [:], http: [(name: String, value: String)] = []) {
        self.connect = connect
        self.http = http
    }
}

/// Why there are no headers for an attempt: an ``AttemptHeaders/Provider`` throws it, and
/// ``STOMPClientError/noAttemptHeaders(_:)`` has it. What else a provider throws ends a ``Reconnection``.
public protocol AttemptHeadersFailure: Error, CustomStringConvertible {
    /// Whether another attempt may have them.
    var mayPass: Bool { get }
}

extension ClientConfiguration {
    /// The configuration of one attempt: with its headers in it, and no ``attemptHeaders``.
    ///
    /// - Throws: ``STOMPClientError/noAttemptHeaders(_:)``, or what ``attemptHeaders`` throws.
    package func forAttempt(until deadline: NIODeadline) async throws -> ClientConfiguration {
        guard let attemptHeaders else { return self }
        var configuration = self
        configuration.attemptHeaders = nil
        let made: AttemptHeaders
        do {
            made = try await attemptHeaders(deadline)
        } catch let failure as any AttemptHeadersFailure {
            throw STOMPClientError.noAttemptHeaders(failure)
        }
        for header in made.connect { configuration.session.headers.append(header.name, header.value) }
        configuration.transport.httpHeaders += made.http
        return configuration
    }

    /// Makes an attempt with its own headers. Where the server refuses them, makes new ones and tries once again: a token
    /// may have expired between its making and its use.
    ///
    /// - Parameter open: opens a connection before the deadline.
    package func attempt<Result>(
        _ open: (_ configuration: ClientConfiguration, _ deadline: NIODeadline) async throws -> Result
    ) async throws -> Result {
        do {
            return try await attemptOnce(open)
        } catch  where attemptHeaders != nil && isRefusal(error) {
            return try await attemptOnce(open)
        }
    }

    private func attemptOnce<Result>(
        _ open: (_ configuration: ClientConfiguration, _ deadline: NIODeadline) async throws -> Result
    ) async throws -> Result {
        let deadline = NIODeadline.now() + connectTimeout
        return try await open(try await forAttempt(until: deadline).ofOneConnection(), deadline)
    }
}

/// Whether the server refused what this side says of itself: 401 or 403, or an ERROR in answer to CONNECT that is no
/// passing one.
package func isRefusal(_ error: any Error) -> Bool {
    switch error {
    case let error as TransportError: error.response.map { [401, 403].contains($0.status) } ?? false
    case STOMPClientError.transport(let error): isRefusal(error)
    case let error as STOMPClientError: if case .refused = error { !error.isRefusedForNow } else { false }
    default: false
    }
}
