import NIOCore

/// Small writes that wait to be encrypted together, with the promise of them all.
struct HeldWrites {
    private(set) var octets = ByteBuffer()
    private var promise: EventLoopPromise<Void>?

    mutating func add(_ octets: ByteBuffer, _ promise: EventLoopPromise<Void>?) {
        self.octets.writeImmutableBuffer(octets)
        guard let promise else { return }
        if let first = self.promise {
            first.futureResult.cascade(to: promise)
        } else {
            self.promise = promise
        }
    }

    /// All of them; nil where nothing waits, not even for the writing of no octets.
    mutating func take() -> (octets: ByteBuffer, promise: EventLoopPromise<Void>?)? {
        guard octets.readableBytes > 0 || promise != nil else { return nil }
        defer { self = HeldWrites() }
        return (octets, promise)
    }

    mutating func drop(_ error: any Error) {
        take()?.promise?.fail(error)
    }
}
