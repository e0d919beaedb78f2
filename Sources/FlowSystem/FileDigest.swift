import CCrypto
import FlowPublication
import Glibc

/// Computes a SHA-256 of bytes that come in pieces.
struct DigestComputation {
  private var context = SHA256_CTX()

  init() {
    let isReady = unsafe SHA256_Init(&context)
    precondition(isReady == 1, "SHA-256 has no state")
  }

  mutating func add(_ bytes: ArraySlice<UInt8>) {
    let isTaken = unsafe bytes.withUnsafeBytes {
      unsafe SHA256_Update(&context, $0.baseAddress, $0.count)
    }
    precondition(isTaken == 1, "SHA-256 takes no bytes")
  }

  consuming func digest() -> Digest {
    var bytes = [UInt8](repeating: 0, count: Digest.byteCount)
    var context = context
    let isDone = unsafe SHA256_Final(&bytes, &context)
    precondition(isDone == 1, "SHA-256 has no end")
    return Digest(bytes)
  }
}
