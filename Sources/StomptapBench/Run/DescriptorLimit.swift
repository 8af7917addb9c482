import StomptapOutput
import SystemC

/// How many files and sockets the system lets this process have.
enum DescriptorLimit {
    /// What the program itself needs: terminal, event loops, files.
    private static let reserve = 64

    /// Raises the limit so far that so many connections can be open.
    ///
    /// - Throws: ``Failure`` with 69 where the system does not allow it, which says what to do.
    static func raise(forConnections connections: Int) throws {
        #if canImport(Glibc)
            let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
            let resource = RLIMIT_NOFILE
        #endif
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return }
        let needed = rlim_t(connections + reserve)
        guard limit.rlim_cur < needed else { return }
        let allowed = limit.rlim_max
        limit.rlim_cur = needed
        if needed <= allowed, setrlimit(resource, &limit) == 0 { return }
        throw Failure(
            .unavailable,
            "bench: \(connections) connections need \(needed) descriptors, but the system lets a process have "
                + "\(allowed); raise the hard limit (ulimit -Hn, or nofile in /etc/security/limits.conf), or run on "
                + "several machines with --subscribe-only")
    }
}
