import STOMPCore

extension STOMPProtocolError {
    /// The reason without its associated values, for test tables that only name the kind of error.
    enum Code: String {
        case unknownCommand, malformedHeader, undefinedEscape, malformedContentLength, contentLengthMismatch
        case bodyNotAllowed, lineTooLong, tooManyHeaders, frameTooLarge, truncatedFrame, notInThisVersion
        case cannotBeEncoded, malformedHeartBeat, versionMismatch, missingHeader, unexpectedFrame, invalidState
        case unknownSubscription, unknownTransaction, duplicateID
    }

    var code: Code {
        switch reason {
        case .unknownCommand, .skippedFrame, .loneCarriageReturn: .unknownCommand
        case .headerWithoutColon, .nulInHeaders, .bareCarriageReturn: .malformedHeader
        case .undefinedEscape: .undefinedEscape
        case .malformedContentLength: .malformedContentLength
        case .noNULAfterBody, .wrongContentLength: .contentLengthMismatch
        case .bodyNotAllowed: .bodyNotAllowed
        case .truncatedFrame: .truncatedFrame
        case .notInThisVersion: .notInThisVersion
        case .lineTooLong: .lineTooLong
        case .tooManyHeaders: .tooManyHeaders
        case .frameTooLarge: .frameTooLarge
        case .headerWithoutName, .headerCannotCarry, .nulInBody: .cannotBeEncoded
        case .malformedHeartBeat: .malformedHeartBeat
        case .versionMismatch: .versionMismatch
        case .missingHeader: .missingHeader
        case .unexpectedFrame: .unexpectedFrame
        case .connectAlreadySent, .cannotSend: .invalidState
        case .unknownSubscription: .unknownSubscription
        case .unknownTransaction: .unknownTransaction
        case .duplicateSubscription, .duplicateTransaction: .duplicateID
        }
    }
}
