import FlowCache
import FlowPublication
import FlowSystem

extension CachedStepOptions {
  func openedResults() -> (ResultFile?, ResultStoreError?) {
    guard let results else { return (nil, nil) }
    do throws(ResultStoreError) { return (try ResultFile(results), nil) } catch {
      return (nil, error)
    }
  }

  /// The step as the processes see it that have its folder as their own.
  func cachedStep(facts: [KeyFact], _ digest: ([UInt8]) -> Digest) -> CachedStep {
    let folder = (try? ProcessFacts.currentDirectory()) ?? "."
    return CachedStep(
      identity: digest(Array("\(folder)\0\(step)".utf8)), folder: folder, facts: facts,
      inputs: inputs, files: files)
  }
}
