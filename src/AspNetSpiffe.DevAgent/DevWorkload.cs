using System.Collections.Immutable;

namespace AspNetSpiffe;

/// <summary>One workload: its socket and its current snapshot. <see cref="DevAgentState"/> writes it, streams read it.</summary>
internal sealed class DevWorkload(string name, string socketPath, WorkloadSnapshot first)
{
    private volatile WorkloadSnapshot _current = first;

    public string Name { get; } = name;

    public string SocketPath { get; } = socketPath;

    public ImmutableArray<IssuedX509Svid> Svids { get; set; } = [];

    public DateTimeOffset RotateAt { get; set; }

    public WorkloadSnapshot Current => _current;

    public void Publish(WorkloadSnapshot next)
    {
        var last = _current;
        _current = next;
        last.Replace();
    }
}
