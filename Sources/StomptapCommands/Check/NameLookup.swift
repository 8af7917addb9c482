import NIOCore
import STOMPClient
import STOMPTransport
import StomptapRuntime
import SystemC

/// The name service.
enum NameLookup {
    /// The addresses of a host, as numbers.
    ///
    /// - Parameter ask: blocks for as long as the service takes; it is left behind where that is too long.
    /// - Throws: `STOMPClientError`, `CancellationError`.
    static func addresses(
        of host: String, within limit: TimeAmount, by ask: @escaping @Sendable (String) throws -> [String] = ask
    ) async throws -> [String] {
        try await withThrowingTaskGroup(of: [String].self) { group in
            group.addTask { try await BlockingThread.names.run { try ask(host) } }
            group.addTask {
                try await Task.sleep(nanoseconds: UInt64(limit.nanoseconds))
                throw STOMPClientError.transport(.name(.noAnswer(for: host, within: limit)))
            }
            defer { group.cancelAll() }
            return try await group.next() ?? []
        }
    }

    /// - Throws: `STOMPClientError`.
    private static func ask(_ host: String) throws -> [String] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, nil, &hints, &found)
        guard status == 0 else {
            let cause = status == EAI_NONAME ? nil : String(cString: gai_strerror(status))
            throw STOMPClientError.transport(.name(.noSuchHost(host, cause: cause)))
        }
        defer { freeaddrinfo(found) }
        return sequence(first: found) { $0?.pointee.ai_next }.compactMap { entry in
            guard let entry = entry?.pointee else { return nil }
            return String(unsafeUninitializedCapacity: Int(NI_MAXHOST)) { bytes in
                bytes.withMemoryRebound(to: CChar.self) { text in
                    getnameinfo(
                        entry.ai_addr, entry.ai_addrlen, text.baseAddress, socklen_t(text.count), nil, 0,
                        NI_NUMERICHOST) == 0 ? text.baseAddress.map { strlen($0) } ?? 0 : 0
                }
            }
        }.filter { !$0.isEmpty }
    }
}
