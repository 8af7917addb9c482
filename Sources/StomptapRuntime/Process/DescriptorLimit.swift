import NIOCore
import StomptapOutput
import SystemC

/// The limit for open files and sockets of this process: `RLIMIT_NOFILE`.
package enum DescriptorLimit {
    /// The descriptors that the program itself needs: terminal, event loops, files.
    private static let reserve = 64

    /// The descriptors that every command needs, measured: three streams, three descriptors for each event loop,
    /// those of the tasks' timers and signals, and a few sockets and files. NIO crashes if an event loop gets no
    /// descriptor.
    package static var minimum: Int { 18 + 4 * NIOSingletons.groupLoopCountSuggestion }

    /// Raises the limit to ``minimum``, as far as the system allows it.
    ///
    /// - Throws: ``Failure`` with 69 that names the limit.
    package static func ensureMinimum() throws {
        guard let allowed = raise(to: minimum) else { return }
        throw Failure(
            .unavailable,
            "open files limit \(allowed) is too low; raise it with ulimit -n \(minimum)")
    }

    /// Raises the limit so that this many connections can be open.
    ///
    /// - Throws: ``Failure`` with 69 if the system does not allow it; it says what to do.
    package static func raise(forConnections connections: Int) throws {
        let needed = connections + reserve
        guard let allowed = raise(to: needed) else { return }
        throw Failure(
            .unavailable,
            "bench: \(connections) connections need \(needed) open files, but the limit is \(allowed); raise the hard "
                + "limit (ulimit -Hn, or nofile in /etc/security/limits.conf), or use several machines with "
                + "--subscribe-only")
    }

    /// - Returns: nil if this many are allowed now; otherwise the number that the system allows.
    private static func raise(to count: Int) -> rlim_t? {
        #if canImport(Glibc)
            let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
            let resource = RLIMIT_NOFILE
        #endif
        var limit = rlimit()
        let needed = rlim_t(count)
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < needed else { return nil }
        let allowed = limit.rlim_max
        limit.rlim_cur = needed
        return needed <= allowed && setrlimit(resource, &limit) == 0 ? nil : allowed
    }
}
