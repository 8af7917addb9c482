import Synchronization

/// A value that several tasks of a command share.
package final class Shared<Value: Sendable>: Sendable {
    // Inlined, so that each module has it for its own types: it stands where every message passes.
    @usableFromInline let mutex: Mutex<Value>

    @inlinable package init(_ value: Value) {
        mutex = Mutex(value)
    }

    @inlinable package var value: Value { mutex.withLock { $0 } }

    @inlinable package func update<Result: Sendable>(_ change: (inout sending Value) -> Result) -> Result {
        mutex.withLock { change(&$0) }
    }
}
