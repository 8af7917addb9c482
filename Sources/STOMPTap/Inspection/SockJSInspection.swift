import NIOCore
import STOMPTransport

/// A inspector in the envelopes of SockJS.
extension StreamInspector {
    /// What came of an envelope.
    struct Unwrapped {
        var outcome = FrameFilter.Outcome()
        /// How the server has closed the session with it, where it has.
        var closing: TapEnding?
    }

    /// Takes a frame of the server's, freed of what its transport puts around it. What passes are frames.
    mutating func takeSockJS(frame bytes: ByteBuffer) -> Unwrapped {
        layer = .sockjs
        do throws(TransportError) {
            let frame = try SockJSFrame(bytes)
            let envelope = TapEvent.Content.wire(.sockjs, .sockJSFrame(frame.envelope), bytes)
            switch frame {
            case .open, .heartBeat, .prelude:
                return Unwrapped(outcome: FrameFilter.Outcome(seen: [envelope], passed: [bytes]))
            case .close(Self.anotherReceiver, _):
                // It closes this answer alone: the session goes on in the one before it.
                return Unwrapped(outcome: FrameFilter.Outcome(seen: [envelope], passed: [bytes]))
            case .close(let code, let reason):
                return Unwrapped(
                    outcome: FrameFilter.Outcome(seen: [envelope], passed: [bytes]),
                    closing: .sockJSClosed(code: code, reason: reason))
            case .messages(let messages):
                var outcome = inspect(messages, .incoming, bytes)
                outcome.seen.insert(envelope, at: 0)
                return Unwrapped(outcome: outcome)
            }
        } catch {
            return Unwrapped(outcome: FrameFilter.Outcome(seen: [.note(.invalidSockJSFrame(error))], passed: [bytes]))
        }
    }

    /// Takes an array of messages that the app sends. What passes are arrays.
    mutating func takeSockJS(array bytes: ByteBuffer) -> FrameFilter.Outcome {
        layer = .sockjs
        do throws(JSONFault) {
            let messages = try bytes.withUnsafeReadableBytes { bytes throws(JSONFault) in
                try SockJSMessages(messageOrArray: bytes)
            }
            var outcome = inspect(messages, .outgoing, bytes)
            outcome.seen.insert(.wire(.sockjs, messages.event, bytes), at: 0)
            return outcome
        } catch {
            return FrameFilter.Outcome(seen: [.note(.invalidSockJSMessages(error))], passed: [bytes])
        }
    }

    /// - Parameter bytes: the whole of the envelope.
    private mutating func inspect(
        _ messages: SockJSMessages, _ direction: WireEvent.Direction, _ bytes: ByteBuffer
    ) -> FrameFilter.Outcome {
        var outcome = FrameFilter.Outcome()
        for text in messages.texts {
            let next = inspect(text, direction)
            outcome.seen += next.seen
            outcome.passed += next.passed
        }
        if outcome.passed == messages.texts {
            outcome.passed = [bytes]
        } else if !outcome.passed.isEmpty {
            let strings = outcome.passed.map { SockJSMessages.quoted($0) }
            outcome.passed = [
                direction == .incoming ? SockJSMessages.frame(of: strings) : SockJSMessages.array(of: strings)
            ]
        }
        return outcome
    }

    /// What a server says to a second request that receives (SockJS 0.3.3, "Session rules").
    private static var anotherReceiver: Int { 2010 }

    /// Whether a frame opens a session.
    static func opensSockJS(_ frame: ByteBuffer) -> Bool { frame.readableBytesView.elementsEqual("o".utf8) }
}
