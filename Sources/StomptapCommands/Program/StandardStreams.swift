import SystemC

/// The descriptors that the program is started with.
enum StandardStreams {
    /// Holds the places of those that are closed, so that no socket or file is taken for one of them: what holds a place
    /// cannot be used that way round, as one that is closed.
    static func holdPlaces() {
        for (descriptor, mode) in [(STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY)]
        where fcntl(descriptor, F_GETFD) < 0 {
            // The lowest number that is free is this one.
            _ = open("/dev/null", mode)
        }
    }
}
