import io.github.centrifugal.centrifuge.Client;
import io.github.centrifugal.centrifuge.EventListener;
import io.github.centrifugal.centrifuge.HistoryOptions;
import io.github.centrifugal.centrifuge.HistoryResult;
import io.github.centrifugal.centrifuge.Options;
import io.github.centrifugal.centrifuge.PresenceResult;
import io.github.centrifugal.centrifuge.PublicationEvent;
import io.github.centrifugal.centrifuge.RPCResult;
import io.github.centrifugal.centrifuge.ReplyError;
import io.github.centrifugal.centrifuge.ResultCallback;
import io.github.centrifugal.centrifuge.SubscribedEvent;
import io.github.centrifugal.centrifuge.Subscription;
import io.github.centrifugal.centrifuge.SubscriptionEventListener;
import io.github.centrifugal.centrifuge.SubscriptionOptions;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Drives the official Java SDK, which speaks Protobuf alone, through the story that the Go program tells too. */
public class Story {
  static void say(String event, Object told) {
    System.out.println("{\"event\": \"" + event + "\", \"told\": " + told + "}");
  }

  static <T> T answer(Consumer<ResultCallback<T>> call) throws Exception {
    CompletableFuture<T> answer = new CompletableFuture<>();
    call.accept((error, result) -> {
      if (error != null) answer.completeExceptionally(error);
      else answer.complete(result);
    });
    return answer.get(20, TimeUnit.SECONDS);
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  public static void main(String[] given) throws Exception {
    String url = given[0], token = given[2], channel = given[3];
    Options options = new Options();
    options.setToken(token);
    Client client = new Client(url, options, new EventListener() {});
    CompletableFuture<Long> subscribed = new CompletableFuture<>();
    CompletableFuture<Long> seen = new CompletableFuture<>();
    Subscription subscription = client.newSubscription(channel, new SubscriptionOptions(), new SubscriptionEventListener() {
      @Override
      public void onSubscribed(Subscription subscription, SubscribedEvent event) {
        say("subscribed", event.getRecoverable());
        subscribed.complete(1L);
      }

      @Override
      public void onPublication(Subscription subscription, PublicationEvent event) {
        say("publication", "{\"offset\": " + event.getOffset() + ", \"data\": " + text(event.getData()) + "}");
        seen.complete(event.getOffset());
      }
    });
    client.connect();
    subscription.subscribe();
    subscribed.get(20, TimeUnit.SECONDS);
    String body = "{\"customer_id\": " + channel.substring("customer:".length()) + ", \"body\": \"from Java\"}";
    RPCResult result = answer(done -> client.rpc("comment.add", bytes(body), done));
    say("result", text(result.getData()));
    seen.get(20, TimeUnit.SECONDS);
    PresenceResult presence = answer(done -> subscription.presence(done));
    say("presence", presence.getClients().size());
    HistoryResult history = answer(done -> subscription.history(new HistoryOptions.Builder().withLimit(10).build(), done));
    say("history", history.getPublications().size());
    try {
      Story.<RPCResult>answer(done -> client.rpc("no.such", bytes("{}"), done));
    } catch (ExecutionException refused) {
      say("refused", ((ReplyError) refused.getCause()).getCode());
    }
    client.close(5000);
    System.exit(0);
  }
}
