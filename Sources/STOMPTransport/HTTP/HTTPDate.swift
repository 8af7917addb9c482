/// Parses HTTP dates to seconds since 1970.
enum HTTPDate {
    private static let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]

    /// Parses a date in any format that servers send, such as `Wed, 21 Oct 2015 07:28:00 GMT` (RFC 6265, section
    /// 5.1.1).
    ///
    /// - Returns: nil if a part is missing or out of range.
    static func seconds(of text: some StringProtocol) -> Int? {
        var (time, day, month, year): (Int?, Int?, Int?, Int?)
        for word in text.lowercased().split(whereSeparator: {
            !$0.isASCII || !($0.isLetter || $0.isNumber || $0 == ":")
        }) {
            if time == nil, let seconds = secondsOfDay(word) {
                time = seconds
            } else if day == nil, word.count <= 2, let number = Int(word) {
                day = number
            } else if month == nil, let index = months.firstIndex(of: String(word.prefix(3))) {
                month = index + 1
            } else if year == nil, let number = Int(word), word.count == 2 || word.count == 4 {
                year = word.count == 4 ? number : number < 70 ? number + 2000 : number + 1900
            }
        }
        guard let time, let day, let month, let year, (1...31).contains(day), year >= 1601 else { return nil }
        return days(year, month, day) * 86400 + time
    }

    private static func secondsOfDay(_ word: Substring) -> Int? {
        let parts = word.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 3, let hour = parts[0], let minute = parts[1], let second = parts[2],
            (0...23).contains(hour), (0...59).contains(minute), (0...60).contains(second)
        else { return nil }
        return hour * 3600 + minute * 60 + second
    }

    /// Returns the days since 1970 of a date in the Gregorian calendar. The calculation counts years from March.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let (year, month) = month > 2 ? (year, month - 3) : (year - 1, month + 9)
        return year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1 - 719_468
    }
}
