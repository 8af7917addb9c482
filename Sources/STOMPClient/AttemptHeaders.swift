import NIOCore
import STOMPCore
import STOMPTransport

/// Headers created for one connection attempt, for example a token that is valid for minutes in a client that
/// runs for days. They are sent with ``ClientConfiguration/attemptHeaders``.
public struct AttemptHeaders: Sendable {
    /// Creates the headers of the next attempt. It may throw an ``AttemptHeadersFailure``.
    ///
    /// - Parameter timeLeft: the time until the whole attempt times out, at most
    ///   ``ClientConfiguration/connectTimeout``. A provider that needs longer should throw.
    public typealias Provider = @Sendable (_ timeLeft: Duration) async throws -> AttemptHeaders

    /// Headers of CONNECT, appended to `SessionConfiguration/headers`.
    public var connect: HeaderList
    /// Headers of each HTTP request, appended to `TransportOptions/httpHeaders`.
    public var http: [(name: String, value: String)]

    /// Creates the headers of one attempt.
    ///
    /// - Parameters:
    ///   - connect: headers of CONNECT. Default none.
    ///   - http: headers of each HTTP request. Default none.
    public init(connect: HeaderList = [:], http: [(name: String, value: String)] = []) {
        self.connect = connect
        self.http = http
    }
}

/// An error that an ``AttemptHeaders/Provider`` throws if it cannot create headers; it is wrapped in
/// ``STOMPClientError/noAttemptHeaders(_:)``. Any other error that a provider throws ends a ``Reconnection``.
public protocol AttemptHeadersFailure: Error, CustomStringConvertible {
    /// Whether the next attempt may succeed, so that a ``Reconnection`` makes one.
    var isRetryable: Bool { get }
}

extension ClientConfiguration {
    /// The configuration of one attempt: includes the attempt's headers, and ``attemptHeaders`` is nil.
    ///
    /// - Throws: ``STOMPClientError/noAttemptHeaders(_:)``, or what ``attemptHeaders`` throws.
    package func forAttempt(until deadline: NIODeadline) async throws -> ClientConfiguration {
        guard let attemptHeaders else { return self }
        var configuration = self
        configuration.attemptHeaders = nil
        let made: AttemptHeaders
        do {
            made = try await attemptHeaders(Duration(deadline - .now()))
        } catch let failure as any AttemptHeadersFailure {
            throw STOMPClientError.noAttemptHeaders(failure)
        }
        for header in made.connect { configuration.session.headers.append(header.name, header.value) }
        configuration.transport.httpHeaders += made.http
        return configuration
    }

    /// Makes an attempt with its own headers. If the server refuses them, creates new ones and tries once more: a
    /// token may have expired before it was used.
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
        let deadline = NIODeadline.now() + TimeAmount(connectTimeout)
        return try await open(try await forAttempt(until: deadline).ofOneConnection(), deadline)
    }
}

/// Whether the server refused this side's credentials: 401 or 403, or an ERROR in response to CONNECT that
/// is not temporary.
package func isRefusal(_ error: any Error) -> Bool {
    switch error {
    case let error as TransportError: error.response.map { [401, 403].contains($0.status) } ?? false
    case STOMPClientError.transport(let error): isRefusal(error)
    case let error as STOMPClientError: if case .refused = error { !error.isTemporaryRefusal } else { false }
    default: false
    }
}
