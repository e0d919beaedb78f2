/// # The segment log, format version 1
///
/// A log is a folder of *segments*, `00000001.seg`, `00000002.seg` and so on, with no number left
/// out. A segment is a header and a row of *frames*. A frame carries consecutive events, which this
/// module does not look into; one or more frames make a *commit*, what is made durable together.
/// A name that ends in `.seg.new` is a segment in the making: no reader looks at it.
///
/// All numbers are unsigned and little-endian. "Checksum" is the CRC-32 of zlib. What is called
/// reserved is zero.
///
/// ## Segment header, 128 bytes
/// ```
///   0  magic 89 46 4c 4f 57 4c 4f 47                      8
///   8  version 2 | header length 2 | salt 4               8
///  16  segment number                                     8
///  24  first sequence number                              8
///  32  predecessor's number                               8
///  40  predecessor's valid length in bytes                8
///  48  predecessor's last sequence number                 8
///  56  predecessor's chain 4 | engine life 4              8
///  64  rotation limit in raw bytes                        8
///  72  largest commit in bytes                            8
///  80  reservation step in bytes, 0 for none              8
///  88  born length in bytes                               8
///  96  dictionary checksum, 0 for none 4 | reserved 24   28
/// 124  checksum of the 124 bytes before                   4
/// ```
/// The whole header, and all bytes below the *born length*, were synced before the segment had its
/// name, and so was its size: the born length, or where room is reserved, that and a seal's, rounded
/// up to steps. Bytes beyond the header are born with it only if recovery carried a commit over. The
/// predecessor of segment 1 is all zeros. The magic, the version, the length and the checksum keep
/// their places in every later version.
///
/// ## Frame, a multiple of 8 bytes
/// ```
///   0  magic 66 4c | version 1 | kind and flags 1 | salt 4              8
///   8  first sequence number                                            8
///  16  synced through                                                   8
///  24  event count 4 | stored length 4                                  8
///  32  raw length 4 | payload checksum 4                                8
///  40  header checksum, of the 40 bytes before 4 | chain 4              8
///  48  stored payload, then 0 to 7 zeros, then the end mark a5   stored length + 1…8
/// ```
/// The kind is in the low four bits: 1 is data, 2 is the seal. Flag 10 (hex) ends a commit, flag 20
/// says that the payload is raw deflate, primed with the version's dictionary. The first 8 bytes
/// and the header checksum keep their places in every later version.
///
/// The payload checksum covers the padding and the end mark too. A stored frame never ends in a
/// zero byte: so a frame whose end never reached the disk can be told from one that is all there
/// and wrong. (The mark has four bits set: one that flips does not make it a zero.)
///
/// The *chain* of a frame is the checksum of 8 bytes: the chain before it, and its own header
/// checksum. The chain before the first frame is the checksum of the segment header. As the header
/// checksum covers the payload checksum, the chain depends on all history.
///
/// The header checksum leaves the chain out on purpose. A CRC that runs over another CRC of the
/// same bytes cancels them, and two checks would be one.
///
/// *Synced through* is the highest sequence number that was durable when the frame was written. As
/// one commit is in flight at a time, it is the number before the commit's first event.
///
/// ## A frame is valid if
/// 1. all 48 bytes of its header are there, with the magic, and the header checksum is right;
/// 2. its salt is the segment's;
/// 3. version, kind and flags are known (else a newer flow wrote it, which is not damage);
/// 4. the lengths are possible: raw 1 byte to 16 MiB; stored the same, or less where deflated;
///    at least one event, and no more events than bytes. A seal has no event and no byte;
/// 5. its first sequence number is the next, and what it was synced through is as above;
/// 6. its chain is right;
/// 7. all its payload is there, the checksum, the zeros and the end mark are right;
/// 8. if deflated, it inflates to exactly the raw length, with nothing left over.
///
/// A length is used only after 1 to 4. Nothing is a valid frame for being zero.
///
/// ## Reading
/// A successor's header says how long its predecessor is, and with which sequence number and chain
/// it ends. Up to there every frame must be valid; what lies beyond is dead, whatever it holds: the
/// next segment carries on what may have been lost of it. A commit never spans two segments, and
/// its frames count from when its last is there.
///
/// In the last segment, frames are valid up to some point, the seal ends it, and only zeros follow
/// in reserved room. `judgeTail` says what anything else means. After a seal comes nothing.
///
/// ## Writing
/// Nobody writes into a segment of another engine life. Recovery begins a new segment, whose header
/// names as valid only what is known to be durable of the last one; the last commit, if it is not
/// known to be, is carried over below the born length.
package enum LogFormat {
  package static let version: UInt8 = 1
  package static let segmentHeaderLength = 128
  package static let frameHeaderLength = 48
  /// The most that one frame carries, before deflate.
  package static let largestPayload = 16 << 20

  /// Far above any file: sums of a few stay below the limit of the type, and of a file that says that
  /// it is longer nothing beyond is looked at.
  static let greatestLength: Int64 = 1 << 60
  static let segmentMagic: UInt64 = 0x474f_4c57_4f4c_4689
  static let frameMagic: UInt16 = 0x4c66
  static let endMark: UInt8 = 0xa5
  static let alignment = 8

  /// What a frame takes on the disk.
  package static func frameLength(storing payloadLength: Int) -> Int {
    (frameHeaderLength + payloadLength + alignment) / alignment * alignment
  }

  static let sealLength = frameLength(storing: 0)
}

/// A place in a log: how far a segment counts.
package struct LogPosition: Hashable, Sendable {
  package var segment: UInt64
  package var length: Int64

  package init(segment: UInt64, length: Int64) {
    self.segment = segment
    self.length = length
  }
}

/// Where a row of frames has got to.
struct LogCursor: Hashable {
  var offset: Int64
  var chain: UInt32
  /// The last sequence number before `offset`.
  var sequence: UInt64
}
