import {
  Body,
  ConflictException,
  Controller,
  Get,
  Header,
  HttpCode,
  Inject,
  NotFoundException,
  Param,
  Post,
  Query,
} from '@nestjs/common';
import {
  ApiBody,
  ApiNoContentResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import { isDurableOrdersError } from 'wechatpay-durable';
import { PageLanguage, type Language } from '../http/language.js';
import { ApiGuarded, ApiProblems, schemaNamed, toOpenApi } from '../http/open-api.js';
import { Page } from '../http/page.js';
import { toCsv } from './day.csv.js';
import { renderDay } from './day.page.js';
import {
  acknowledgeRequest,
  dayParams,
  dayQuery,
  type AcknowledgeRequest,
  type DayParams,
  type DayQuery,
} from './day.schemas.js';
import { dayWordsFor } from './day.words.js';
import { Days, type Day } from './days.js';

const ApiDay = (): MethodDecorator => ApiParam({ name: 'date', schema: toOpenApi(dayParams.shape.date) });

/** The morning after: what WeChat Pay's statement says of a day, and what the durable orders say. */
@ApiTags('days')
@Controller()
export class DayController {
  readonly #days: Days;

  constructor(@Inject(Days) days: Days) {
    this.#days = days;
  }

  @Page('day')
  async page(@Query({ schema: dayQuery }) { date }: DayQuery, @PageLanguage() language: Language): Promise<string> {
    const shown = date ?? (await this.#days.latest());
    const day = await this.#days.get(shown);
    return renderDay(dayWordsFor(language), { date: shown, day, hasSample: this.#days.hasSample });
  }

  @Get('days/:date')
  @ApiOperation({ operationId: 'getDay', summary: 'What came of reconciling a day, with each difference' })
  @ApiDay()
  @ApiOkResponse({ description: 'As it is stored.', schema: schemaNamed('Day') })
  @ApiNotFoundResponse({ description: 'The day is not reconciled.', schema: schemaNamed('HttpError') })
  @ApiProblems()
  get(@Param({ schema: dayParams }) { date }: DayParams): Promise<Day> {
    return this.#find(date);
  }

  @Get('days/:date/differences.csv')
  @Header('Content-Type', 'text/csv; charset=utf-8')
  @ApiOperation({ operationId: 'getDifferences', summary: 'The differences of a day, for a spreadsheet' })
  @ApiDay()
  @ApiOkResponse({ description: 'CSV by RFC 4180, in UTF-8.' })
  @ApiNotFoundResponse({ description: 'The day is not reconciled.', schema: schemaNamed('HttpError') })
  @ApiProblems()
  async csv(@Param({ schema: dayParams }) { date }: DayParams): Promise<string> {
    return toCsv(await this.#find(date));
  }

  @Post('days/:date/reconcile')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'reconcileDay',
    summary: 'Download the statement of a day, and compare it with the durable orders',
    description:
      'The statement moves no money: each order that differs is asked for, and goes on from the verified answer.',
  })
  @ApiDay()
  @ApiOkResponse({ description: 'As it is stored.', schema: schemaNamed('Day') })
  @ApiGuarded()
  @ApiProblems()
  async reconcile(@Param({ schema: dayParams }) { date }: DayParams): Promise<Day> {
    await this.#days.reconcile(date).catch(toHttp);
    return this.#find(date);
  }

  @Post('days/:date/acknowledge')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'acknowledgeDifference',
    summary: 'Note that a person has looked at a difference',
    description: 'It moves no money and changes no order.',
  })
  @ApiDay()
  @ApiBody({ schema: schemaNamed('AcknowledgeRequest') })
  @ApiNoContentResponse({ description: 'It is noted.' })
  @ApiNotFoundResponse({ description: 'No such difference needs a person.', schema: schemaNamed('HttpError') })
  @ApiGuarded()
  @ApiProblems()
  async acknowledge(
    @Param({ schema: dayParams }) { date }: DayParams,
    @Body({ schema: acknowledgeRequest }) { note, ...difference }: AcknowledgeRequest,
  ): Promise<void> {
    if (await this.#days.acknowledge(date, difference, note).catch(toHttp)) return;
    throw new NotFoundException('No difference of this day and number needs a person.');
  }

  async #find(date: string): Promise<Day> {
    const day = await this.#days.get(date);
    if (day) return day;
    throw new NotFoundException(`The day ${date} is not reconciled.`);
  }
}

/** Somebody else compares that day. Of what fails otherwise a part may be done: the filter says so, as of any call. */
function toHttp(error: unknown): never {
  if (isDurableOrdersError(error) && error.code === 'WECHATPAY_RECONCILING') throw new ConflictException(error.message);
  throw error;
}
