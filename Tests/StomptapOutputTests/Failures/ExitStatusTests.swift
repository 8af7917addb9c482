import StomptapOutput
import Testing

@Suite struct ExitStatusTests {
    @Test func theNumbersAreAPromise() {
        #expect(
            ExitStatus.allCases.map(\.rawValue)
                == [0, 1, 64, 65, 66, 68, 69, 73, 74, 75, 76, 77, 78, 129, 130, 143])
    }

    @Test func eachHasItsMeaning() {
        for status in ExitStatus.allCases {
            #expect(!status.meaning.isEmpty && !status.details.isEmpty)
            #expect(!status.meaning.contains("\n") && status.meaning.last != ".")
        }
        #expect(Set(ExitStatus.allCases.map(\.meaning)).count == ExitStatus.allCases.count)
    }

    @Test func aCommandListsThoseThatItCanEndWith() {
        #expect(
            ExitStatus.section([.interrupted, .usage], own: [.success: "sent"])
                == "EXIT STATUS\n  0 sent, 64 wrong usage, 130 Ctrl-C")
    }

    @Test func linesFitAndNumbersStayWithTheirMeaning() {
        let own = Dictionary(uniqueKeysWithValues: ExitStatus.allCases.map { ($0, "a meaning of some length") })
        let lines = ExitStatus.section(own: own).split(separator: "\n").dropFirst()
        #expect(lines.count > 2)
        for line in lines {
            #expect(line.hasPrefix("  ") && line.count <= 76)
            #expect(line.split(separator: " ").last?.allSatisfy(\.isNumber) == false)
        }
    }
}
