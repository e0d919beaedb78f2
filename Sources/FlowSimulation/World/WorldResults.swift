import FlowCache
import FlowPublication

/// The results that runs have kept, in memory: a power loss takes some of them.
final class WorldResults: ResultStore {
  private struct Kept {
    let identity: Digest
    let result: CachedResult
  }

  /// In the order in which they were kept.
  private var kept: [Kept] = []

  func digest(_ bytes: [UInt8]) -> Digest { SimulatedPublicationFiles.digest(of: bytes) }

  func result(of key: Digest) -> CachedResult? {
    kept.last { $0.result.key.digest == key }?.result
  }

  func lastResult(of identity: Digest) -> CachedResult? {
    kept.last { $0.identity == identity }?.result
  }

  func keep(_ result: CachedResult, of identity: Digest) {
    kept.removeAll { $0.result.key.digest == result.key.digest }
    kept.append(Kept(identity: identity, result: result))
  }

  /// - Parameter isForgotten: asked once for each.
  func losePower(_ isForgotten: () -> Bool) { kept.removeAll { _ in isForgotten() } }
}
