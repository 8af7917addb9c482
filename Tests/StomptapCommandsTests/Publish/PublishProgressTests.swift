import Testing

@testable import StomptapCommands

struct PublishProgressTests {
    private func line(_ sent: Int, _ total: PublishProgress.Total, bytes: Int = 0, width: Int) -> String {
        PublishProgress.line(
            PublishProgress.Counts(sent: sent, confirmed: sent / 2, bytes: bytes), of: total, skipped: 0, seconds: 2,
            width: width)
    }

    @Test func whatIsKnownIsShown() {
        #expect(line(500, .messages(1000), width: 79) == "[#####-----] 50%  500 of 1000 sent  250 confirmed  250/s")
        #expect(line(500, .bytes(100), bytes: 20, width: 79) == "[##--------] 20%  500 sent  250 confirmed  250/s")
        #expect(line(500, .unknown, width: 79) == "500 sent  250 confirmed  250/s")
        // The file grows while it is read.
        #expect(line(1, .bytes(10), bytes: 30, width: 79).hasPrefix("[##########] 100%"))
        #expect(line(0, .bytes(0), width: 79).hasPrefix("[----------] 0%"))
    }

    @Test(arguments: 0...60) func itFitsIntoTheLine(width: Int) {
        #expect(line(123_456, .messages(1_000_000), width: width).count <= width)
    }

    @Test func aNarrowLineKeepsWhatMattersMost() {
        #expect(line(500, .messages(1000), width: 39) == "[#####-----] 50%  500 of 1000 sent")
    }
}
