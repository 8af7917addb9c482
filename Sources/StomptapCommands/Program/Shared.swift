import Synchronization

/// A value that several tasks of a command share.
final class Shared<Value: Sendable>: Sendable {
    private let mutex: Mutex<Value>

    init(_ value: Value) {
        mutex = Mutex(value)
    }

    var value: Value { mutex.withLock { $0 } }

    func update<Result: Sendable>(_ change: (inout sending Value) -> Result) -> Result {
        mutex.withLock { change(&$0) }
    }
}
