namespace Mesh.Service;

/// <summary>The IDs of the log events for operators.</summary>
internal static class Events
{
    public static readonly EventId StrangerRefused = new(1, nameof(StrangerRefused));
    public static readonly EventId NotForwarded = new(2, nameof(NotForwarded));
    public static readonly EventId CallFailed = new(3, nameof(CallFailed));
    public static readonly EventId TunnelEnded = new(4, nameof(TunnelEnded));
    public static readonly EventId Registered = new(5, nameof(Registered));
    public static readonly EventId RegistryAway = new(6, nameof(RegistryAway));
    public static readonly EventId Deregistered = new(7, nameof(Deregistered));
    public static readonly EventId Listening = new(8, nameof(Listening));
    public static readonly EventId Served = new(9, nameof(Served));
}
