import NIOCore

/// Small writes that wait to be encrypted together, with the promise of them all.
struct HeldWrites {
    private(set) var bytes = ByteBuffer()
    private var promise: EventLoopPromise<Void>?

    mutating func add(_ bytes: ByteBuffer, _ promise: EventLoopPromise<Void>?) {
        self.bytes.writeImmutableBuffer(bytes)
        guard let promise else { return }
        if let first = self.promise {
            first.futureResult.cascade(to: promise)
        } else {
            self.promise = promise
        }
    }

    /// All of them; nil where nothing waits, not even for the writing of no bytes.
    mutating func dequeue() -> (bytes: ByteBuffer, promise: EventLoopPromise<Void>?)? {
        guard bytes.readableBytes > 0 || promise != nil else { return nil }
        defer { self = HeldWrites() }
        return (bytes, promise)
    }

    mutating func drop(_ error: any Error) {
        dequeue()?.promise?.fail(error)
    }
}
