/// How an answer is written in histories, and in the request that brings it.
extension ByteWriter {
  package mutating func write(_ answer: Answer) {
    write(answer.id)
    write(count: answer.asked)
    bytes.append(answer.verdict.rawValue)
    write(count: answer.userID)
    write(signed: answer.givenAt.microseconds)
    write(answer.note)
    write(list: answer.values) {
      $0.write(count: $1.output)
      $0.write($1.bytes)
    }
  }
}

extension ByteReader {
  package mutating func readAnswer() throws(CodingError) -> Answer {
    Answer(
      id: try readUnsigned(), asked: try readCount(), try readCase("verdict"), by: try readCount(),
      at: WallTime(microseconds: try readSigned()), note: try readString(),
      values: try readList { (reader) throws(CodingError) in
        OutputPart(output: try reader.readCount(), bytes: try reader.readBytes())
      })
  }
}
