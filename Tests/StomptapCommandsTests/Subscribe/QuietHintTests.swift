import NIOCore
import Testing

@testable import StomptapCommands

struct QuietHintTests {
    private func line(_ destinations: [String], confirmed: Bool, heartBeats: Bool) -> String {
        QuietHint(
            destinations: destinations, isConfirmed: confirmed, hasHeartBeats: heartBeats, lastHeard: .seconds(3)
        ).line
    }

    @Test func aConfirmedSubscriptionIsSilentByItself() {
        let text = line(["/topic/a"], confirmed: true, heartBeats: true)
        #expect(text.contains("/topic/a"))
        #expect(text.contains("has confirmed"))
        #expect(text.contains("heard 3 s ago"))
        #expect(!text.contains("Spring"))
    }

    @Test func springSaysNothingOfAWrongDestination() {
        let text = line(["/queue/a"], confirmed: false, heartBeats: false)
        #expect(text.contains("prefixes"))
        #expect(text.contains("/user/queue/"))
        #expect(text.contains("no heart-beats"))
        #expect(!line(["/user/queue/a"], confirmed: false, heartBeats: false).contains("comes on /user/queue/..."))
    }
}
