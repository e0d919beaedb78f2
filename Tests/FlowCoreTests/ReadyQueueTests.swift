import FlowCore
import Testing

@Suite struct ReadyQueueTests {
  /// `d` has the longest chain behind it; then definition order.
  private static let workflow = WorkflowDefinition.of("a", "b", "c", "d", "e < d", "f < e")

  @Test(arguments: 0...5)
  func theStepsThatStartNextAreToldInTheirOrder(count: Int) throws {
    let graph = try DependencyGraph(Self.workflow.steps)
    var ready = ReadyQueue()
    #expect(ready.first(count, in: graph) == [])
    for step in [2, 0, 3, 1] {
      ready.insert(ReadyQueue.precedence(rank: graph.rank(of: step), child: 0))
    }
    #expect(ready.first(count, in: graph) == Array([3, 0, 1, 2].prefix(count)))
    // To be asked changes nothing.
    var started: [Int] = []
    while let step = ready.first(in: graph) {
      started.append(step)
      ready.removeFirst()
    }
    #expect(started == [3, 0, 1, 2])
  }
}
