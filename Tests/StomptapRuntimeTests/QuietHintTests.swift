import NIOCore
import STOMPCore
import StomptapRuntime
import Testing

struct QuietHintTests {
    private func line(_ destinations: [String], confirmed: Bool, heartBeats: Bool) -> String {
        QuietHint(
            destinations: destinations, isConfirmed: confirmed, hasHeartBeats: heartBeats, lastHeard: .seconds(3)
        ).line
    }

    @Test func aConfirmedSubscriptionIsSilentByItself() {
        let text = line(["/topic/a"], confirmed: true, heartBeats: true)
        #expect(text.contains("/topic/a"))
        #expect(text.contains("confirmed the subscription"))
        #expect(text.contains("received 3 s ago"))
        #expect(!text.contains("Spring"))
    }

    private func hint(confirmed: Bool, sent: QuietHint.Sent? = nil) -> QuietHint {
        var hint = QuietHint(
            destinations: ["/topic/a"], isConfirmed: confirmed, hasHeartBeats: true, lastHeard: .seconds(3))
        hint.sent = sent
        return hint
    }

    @Test func aDestinationWithoutASlashIsNamed() {
        #expect(line(["/topic/a", "topic/b"], confirmed: false, heartBeats: true).contains("topic/b does not"))
        #expect(!line(["/topic/a"], confirmed: false, heartBeats: true).contains("slash"))
        // ActiveMQ and others use such names.
        #expect(!line(["topic.b"], confirmed: true, heartBeats: true).contains("slash"))
    }

    @Test func aSelectorIsNamed() {
        var hint = hint(confirmed: true)
        #expect(!hint.line.contains("selector"))
        hint.hasSelector = true
        #expect(hint.line.contains("Spring 6.1"))
    }

    @Test func aContentTypeMayNotSuitSpringsHandler() {
        let json = QuietHint.Sent(to: "/app/a", headers: ["content-type": "application/json"])
        #expect(hint(confirmed: false, sent: json).line.contains("was sent as application/json"))
        #expect(!hint(confirmed: true, sent: json).line.contains("-t ''"))
        for headers in [["content-type": "text/plain;charset=utf-8"], [:]] as [HeaderList] {
            let sent = QuietHint.Sent(to: "/app/a", headers: headers)
            #expect(!hint(confirmed: false, sent: sent).line.contains("-t ''"))
        }
    }

    @Test func theEmbeddedBrokerNeedsARoute() {
        var hint = hint(confirmed: true, sent: QuietHint.Sent(to: "/app/a", headers: [:]))
        #expect(!hint.line.contains("--route"))
        hint.isStomptap = true
        #expect(hint.line.contains("/app/a only with --route"))
        hint.sent = QuietHint.Sent(to: "/topic/a", headers: [:])
        #expect(!hint.line.contains("--route"))
    }

    @Test func springIgnoresAWrongDestinationSilently() {
        let text = line(["/queue/a"], confirmed: false, heartBeats: false)
        #expect(text.contains("prefixes"))
        #expect(text.contains("/user/queue/"))
        #expect(text.contains("no heart-beats"))
        #expect(!line(["/user/queue/a"], confirmed: false, heartBeats: false).contains("arrive on /user/queue/..."))
    }
}
