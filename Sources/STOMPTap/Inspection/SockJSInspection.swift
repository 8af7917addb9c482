import NIOCore
import STOMPTransport

/// Inspection of the messages in SockJS envelopes.
extension StreamInspector {
    /// The close code that a server sends to a second receiving request (SockJS 0.3.3, "Session rules").
    private static var anotherReceiver: Int { 2010 }

    /// Whether a frame opens a session.
    static func opensSockJS(_ frame: ByteBuffer) -> Bool { frame.readableBytesView.elementsEqual("o".utf8) }

    /// Inspects a frame from the server, without its transport framing. The passed messages in `outcome` are
    /// frames.
    ///
    /// - Returns: how the server closes the session with this frame; nil if it does not.
    mutating func inspectSockJS(frame bytes: ByteBuffer, into outcome: inout FrameFilter.Outcome) -> TapEnding? {
        layer = .sockjs
        do throws(TransportError) {
            let frame = try SockJSFrame(bytes)
            outcome.seen.append(.wire(.sockjs, .sockJSFrame(frame.envelope), bytes))
            switch frame {
            case .messages(let messages):
                inspect(messages, .incoming, bytes, into: &outcome)
                return nil
            case .close(let code, let reason) where code != Self.anotherReceiver:
                let held = finish(.incoming)
                outcome.seen += held.seen
                if !held.passed.isEmpty { outcome.passed.append(SockJSMessages.envelope(of: held.passed, .incoming)) }
                outcome.passed.append(bytes)
                return .sockJSClosed(code: code, reason: reason)
            // The close code for a second receiver ends only this response: the session continues in the earlier one.
            case .open, .heartBeat, .prelude, .close:
                outcome.passed.append(bytes)
                return nil
            }
        } catch {
            outcome.seen.append(.note(.invalidSockJSFrame(error)))
            outcome.passed.append(bytes)
            return nil
        }
    }

    /// Inspects an array of messages from the app. The passed messages in `outcome` are arrays.
    mutating func inspectSockJS(array bytes: ByteBuffer, into outcome: inout FrameFilter.Outcome) {
        layer = .sockjs
        do throws(JSONFault) {
            let messages = try bytes.withUnsafeReadableBytes { bytes throws(JSONFault) in
                try SockJSMessages(messageOrArray: bytes)
            }
            outcome.seen.append(.wire(.sockjs, messages.event, bytes))
            inspect(messages, .outgoing, bytes, into: &outcome)
        } catch {
            outcome.seen.append(.note(.invalidSockJSMessages(error)))
            outcome.passed.append(bytes)
        }
    }

    /// - Parameter bytes: the complete envelope.
    private mutating func inspect(
        _ messages: SockJSMessages, _ direction: WireEvent.Direction, _ bytes: ByteBuffer,
        into outcome: inout FrameFilter.Outcome
    ) {
        let first = outcome.passed.count
        for text in messages.texts { inspect(text, direction, into: &outcome) }
        let passed = outcome.passed[first...]
        if passed.elementsEqual(messages.texts) {
            outcome.passed.replaceSubrange(first..., with: CollectionOfOne(bytes))
        } else if !passed.isEmpty {
            let envelope = SockJSMessages.envelope(of: Array(passed), direction)
            outcome.passed.replaceSubrange(first..., with: CollectionOfOne(envelope))
        }
    }
}

extension SockJSMessages {
    /// The envelope of messages in this direction.
    static func envelope(of messages: [ByteBuffer], _ direction: WireEvent.Direction) -> ByteBuffer {
        let strings = messages.map { quoted($0) }
        return switch direction.sender {
        case .app: array(of: strings)
        case .server: frame(of: strings)
        }
    }
}
