import STOMPCore
import StomptapOutput

/// The tables of a ``TapSummary``.
struct TapSummaryTable {
    private typealias Row = (name: String, account: TapAccount)

    /// How much of a name is shown.
    private static let longestName = 60

    let summary: TapSummary
    /// Destinations may quote a secret.
    var mask = SecretMask.hiding

    /// The lines, without their ends; none where nothing passed.
    var lines: [String] {
        let connections = rows(summary.connections) { number in
            "\(number)" + (summary.apps[number].map { "  \($0)" } ?? "")
        }
        let destinations = rows(summary.destinations) { Self.shortened(visible(mask.masked(summary: $0))) }
        let all = connections.count > 1 ? [(name: "all", account: summary.total)] : []
        let tables = [
            counts("connection", connections + all), counts("destination", destinations),
            roundTrips(
                connections.map { (name: "connection \($0.name)", account: $0.account) } + destinations + all),
        ]
        return Array(tables.filter { !$0.isEmpty }.joined(separator: [""]))
    }

    private func rows<Name>(_ accounts: TapAccounts<Name>, _ name: (Name) -> String) -> [Row] {
        accounts.sorted.map { (name: name($0.name), account: $0.account) }
            + (accounts.others.map { [(name: "others", account: $0)] } ?? [])
    }

    /// Frames by command, bytes and heart-beats each way (`>` is to the server); columns that would be empty are left out.
    private func counts(_ title: String, _ rows: [Row]) -> [String] {
        guard !rows.isEmpty else { return [] }
        var columns: [(head: String, value: (TapAccount) -> Int)] = []
        for command in Command.allCases { columns.append((command.rawValue, { $0.frames[command] ?? 0 })) }
        columns.append(("no STOMP", \.others))
        columns.append(("octets >", \.toServer.bytes))
        columns.append(("octets <", \.toApp.bytes))
        columns.append(("heart-beats >", \.toServer.heartBeats))
        columns.append(("heart-beats <", \.toApp.heartBeats))
        let shown = columns.filter { column in rows.contains { column.value($0.account) > 0 } }
        return TextTable.lines(
            [[title] + shown.map(\.head)]
                + rows.map { row in [row.name] + shown.map { Readable.count($0.value(row.account)) } })
    }

    private func roundTrips(_ rows: [Row]) -> [String] {
        let measured = rows.compactMap { row in row.account.roundTrips.map { (row.name, $0) } }
        guard !measured.isEmpty else { return [] }
        return TextTable.lines(
            [["round trip", "receipts", "min", "median", "p99", "max"]]
                + measured.map { name, times in
                    let values = [times.min, times.value(at: 50), times.value(at: 99), times.max]
                    return [name, Readable.count(times.count)] + values.map { Readable.time(Double($0)) }
                })
    }

    private static func shortened(_ name: String) -> String {
        name.count > longestName ? name.prefix(longestName - 1) + "…" : name
    }
}
