using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Mesh.Service.Egress;

/// <summary>A local listener of the egress. Its clients act with our identity, so it accepts only the user that we run as, not even root.</summary>
internal sealed class Door(string name)
{
    /// <summary>The policy of endpoints that belong to a door, not to the API.</summary>
    public const string Policy = "OwnUser";

    public string Name => name;

    /// <summary>Gets the door of a request; <see langword="null"/> for one of the API.</summary>
    public static Door? Of(HttpContext http) => http.Features.Get<Door>();

    /// <summary>Protects an endpoint: connections of other users are closed before any data is read.</summary>
    public void Guard(ListenOptions listen)
    {
        var logger = listen.ApplicationServices.GetRequiredService<ILogger<Door>>();
        listen.Use(next => connection =>
        {
            var user = SocketUser.Find(connection.Features.GetRequiredFeature<IConnectionSocketFeature>().Socket);
            if (user != SocketUser.Own)
            {
                logger.LogWarning(
                    Events.StrangerRefused, "Refused a connection to the {Door} egress: {User}. It is for user {Own} only.", name, user is null ? "its user is not known" : $"it is of user {user}", SocketUser.Own);
                connection.Abort();
                return Task.CompletedTask;
            }

            connection.Features.Set(this);
            return next(connection);
        });
    }
}
