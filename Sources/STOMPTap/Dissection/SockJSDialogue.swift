import NIOCore
import STOMPTransport

/// A dialogue in the envelopes of SockJS.
extension Dialogue {
    /// What came of an envelope.
    struct Unwrapped {
        var outcome = Sieve.Outcome()
        /// How the server has closed the session with it, where it has.
        var closing: TapEnding?
    }

    /// Takes a frame of the server's, freed of what its transport puts around it. What passes are frames.
    mutating func takeSockJS(frame octets: ByteBuffer) -> Unwrapped {
        layer = .sockjs
        do throws(TransportError) {
            let frame = try SockJSFrame(octets)
            let envelope = TapEvent.Content.wire(.sockjs, .sockJSFrame(frame.envelope), octets)
            switch frame {
            case .open, .heartBeat, .prelude:
                return Unwrapped(outcome: Sieve.Outcome(seen: [envelope], passed: [octets]))
            case .close(Self.anotherReceiver, _):
                // It closes this answer alone: the session goes on in the one before it.
                return Unwrapped(outcome: Sieve.Outcome(seen: [envelope], passed: [octets]))
            case .close(let code, let reason):
                return Unwrapped(
                    outcome: Sieve.Outcome(seen: [envelope], passed: [octets]),
                    closing: .sockJSClosed(code: code, reason: reason))
            case .messages(let messages):
                var outcome = take(messages, .incoming, octets, letter: "a")
                outcome.seen.insert(envelope, at: 0)
                return Unwrapped(outcome: outcome)
            }
        } catch {
            return Unwrapped(outcome: Sieve.Outcome(seen: [.note(.invalidSockJSFrame(error))], passed: [octets]))
        }
    }

    /// Takes an array of messages that the app sends. What passes are arrays.
    mutating func takeSockJS(array octets: ByteBuffer) -> Sieve.Outcome {
        layer = .sockjs
        do throws(JSONFault) {
            let messages = try octets.withUnsafeReadableBytes { octets throws(JSONFault) in
                try SockJSMessages(messageOrArray: octets)
            }
            var outcome = take(messages, .outgoing, octets, letter: "")
            outcome.seen.insert(.wire(.sockjs, messages.event, octets), at: 0)
            return outcome
        } catch {
            return Sieve.Outcome(seen: [.note(.invalidSockJSMessages(error))], passed: [octets])
        }
    }

    /// - Parameters:
    ///   - octets: the whole of the envelope.
    ///   - letter: what stands before the array.
    private mutating func take(
        _ messages: SockJSMessages, _ direction: WireEvent.Direction, _ octets: ByteBuffer, letter: String
    ) -> Sieve.Outcome {
        var outcome = Sieve.Outcome()
        for text in messages.texts {
            let next = take(text, direction)
            outcome.seen += next.seen
            outcome.passed += next.passed
        }
        if outcome.passed == messages.texts {
            outcome.passed = [octets]
        } else if !outcome.passed.isEmpty {
            var array = ByteBuffer(string: letter + "[")
            for (index, text) in outcome.passed.enumerated() {
                if index > 0 { array.writeString(",") }
                array.writeSockJSString(text)
            }
            array.writeString("]")
            outcome.passed = [array]
        }
        return outcome
    }

    /// What a server says to a second request that receives (SockJS 0.3.3, "Session rules").
    private static var anotherReceiver: Int { 2010 }

    /// Whether a frame opens a session.
    static func opensSockJS(_ frame: ByteBuffer) -> Bool { frame.readableBytesView.elementsEqual("o".utf8) }

    /// The frame that closes a session.
    static func sockJSClose(code: Int, reason: String) -> ByteBuffer {
        var frame = ByteBuffer(string: "c[\(code),")
        frame.writeSockJSString(ByteBuffer(string: reason))
        frame.writeString("]")
        return frame
    }
}
